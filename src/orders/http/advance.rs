//! `POST /orders/{id}/cancel`, `/ship`, `/deliver`: moves an order to its next status. Each may be repeated.

use actix_web::{HttpResponse, web::Data};

use super::{
    super::{
        Orders,
        model::{Order, Step},
    },
    answer,
};
use crate::http::{PathId, Problem};

pub(super) async fn cancel(
    orders: Data<Orders>,
    id: PathId<Order>,
) -> Result<HttpResponse, Problem> {
    advance(&orders, id, Step::Cancel).await
}

pub(super) async fn ship(orders: Data<Orders>, id: PathId<Order>) -> Result<HttpResponse, Problem> {
    advance(&orders, id, Step::Ship).await
}

pub(super) async fn deliver(
    orders: Data<Orders>,
    id: PathId<Order>,
) -> Result<HttpResponse, Problem> {
    advance(&orders, id, Step::Deliver).await
}

async fn advance(
    orders: &Orders,
    PathId(id): PathId<Order>,
    step: Step,
) -> Result<HttpResponse, Problem> {
    let order = orders.advance(id, step).await?;

    Ok(answer(HttpResponse::Ok(), order))
}
