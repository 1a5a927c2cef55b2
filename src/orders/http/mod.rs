//! The resources of orders. One operation, one file.

mod advance;
mod list;
mod place;
mod read;

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    web::{Data, ServiceConfig},
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    Orders,
    model::{Amount, Currency, Item, Order, OrderId, Status},
};
use crate::{
    http::{etag, resource},
    users::UserId,
};

pub(super) fn routes(orders: &Orders, config: &mut ServiceConfig) {
    config
        .app_data(Data::new(orders.clone()))
        .service(
            resource("/orders")
                .get(list::list)
                .post(place::place)
                .done(),
        )
        .service(resource("/orders/{id}").get(read::read).done())
        .service(resource("/orders/{id}/cancel").post(advance::cancel).done())
        .service(resource("/orders/{id}/ship").post(advance::ship).done())
        .service(
            resource("/orders/{id}/deliver")
                .post(advance::deliver)
                .done(),
        );
}

/// An order on the wire. Its amounts are in minor units of its currency.
#[derive(Serialize)]
pub(super) struct Response {
    id: OrderId,
    customer_id: UserId,
    status: Status,
    currency: Currency,
    items: Vec<Item>,
    total: Amount,
    placed_at: Timestamp,
    changed_at: Timestamp,
}

impl From<Order> for Response {
    fn from(order: Order) -> Self {
        Self {
            id: order.id,
            customer_id: order.customer,
            status: order.status,
            currency: order.total.currency(),
            items: order.items,
            total: order.total.amount(),
            placed_at: order.placed_at,
            changed_at: order.changed_at,
        }
    }
}

/// Answers with one order and its version.
fn answer(mut response: HttpResponseBuilder, order: Order) -> HttpResponse {
    response
        .insert_header(etag(order.version))
        .json(Response::from(order))
}
