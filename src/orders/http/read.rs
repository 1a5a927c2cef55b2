//! `GET /orders/{id}`: one order with its items and total.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{Orders, model::Order},
    answer,
};
use crate::http::{Caller, IfNoneMatch, PathId, Problem, etag};

pub(super) async fn read(
    caller: Caller,
    orders: Data<Orders>,
    PathId(id): PathId<Order>,
    known: IfNoneMatch,
) -> Result<HttpResponse, Problem> {
    let order = orders.find(&caller, id).await?;

    if known.has(order.version) {
        return Ok(HttpResponse::NotModified()
            .insert_header(etag(order.version))
            .finish());
    }
    Ok(answer(HttpResponse::Ok(), order))
}
