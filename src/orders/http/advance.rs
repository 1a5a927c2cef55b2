//! `POST /orders/{id}/cancel`, `/ship`, `/deliver`: moves an order to its next status. Each may be repeated.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{
        Orders,
        model::{Order, Step},
    },
    answer,
};
use crate::http::{IfMatch, PathId, Problem};

pub(super) async fn cancel(
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&orders, id, condition, Step::Cancel).await
}

pub(super) async fn ship(
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&orders, id, condition, Step::Ship).await
}

pub(super) async fn deliver(
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&orders, id, condition, Step::Deliver).await
}

async fn advance(
    orders: &Orders,
    PathId(id): PathId<Order>,
    IfMatch(versions): IfMatch,
    step: Step,
) -> Result<HttpResponse, Problem> {
    let order = orders.advance(id, step, versions).await?;

    Ok(answer(HttpResponse::Ok(), order))
}
