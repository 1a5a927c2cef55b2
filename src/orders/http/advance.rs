//! `POST /orders/{id}/cancel`, `/ship`, `/deliver`: moves an order to its next status. Each may be repeated.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{
        Orders,
        model::{Order, Step},
    },
    answer,
};
use crate::http::{Caller, IfMatch, PathId, Problem};

pub(super) async fn cancel(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&caller, &orders, id, condition, Step::Cancel).await
}

pub(super) async fn ship(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&caller, &orders, id, condition, Step::Ship).await
}

pub(super) async fn deliver(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<HttpResponse, Problem> {
    advance(&caller, &orders, id, condition, Step::Deliver).await
}

async fn advance(
    caller: &Caller,
    orders: &Orders,
    PathId(id): PathId<Order>,
    IfMatch(versions): IfMatch,
    step: Step,
) -> Result<HttpResponse, Problem> {
    let order = orders.advance(caller, id, step, versions).await?;

    Ok(answer(HttpResponse::Ok(), order))
}
