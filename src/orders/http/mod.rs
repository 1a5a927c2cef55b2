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
    http::{Right, etag, mount, resource, rule},
    users::UserId,
};

pub(super) fn routes(orders: &Orders, config: &mut ServiceConfig) -> Vec<Right> {
    config.app_data(Data::new(orders.clone()));
    let resources = [
        resource("/orders")
            .get(rule::Owner, list::list)
            .post(rule::Owner, place::place),
        resource("/orders/{id}").get(rule::Owner, read::read),
        resource("/orders/{id}/cancel").post(rule::Owner, advance::cancel),
        resource("/orders/{id}/ship").post(rule::OperatorOnObject, advance::ship),
        resource("/orders/{id}/deliver").post(rule::OperatorOnObject, advance::deliver),
    ];
    mount(config, resources)
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
