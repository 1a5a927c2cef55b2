//! The product's own handlers for orders.

#[path = "../../../../../../src/orders/http/list.rs"]
mod list;
#[path = "../../../../../../src/orders/http/place.rs"]
mod place;
#[path = "../../../../../../src/orders/http/read.rs"]
mod read;

use actix_web::web::{Data, ServiceConfig};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    Orders,
    model::{Amount, Currency, Item, Order, OrderId, Status},
};
use crate::{
    http::{Versioned, resource, rule},
    users::UserId,
};

pub(crate) fn routes(orders: &Orders, config: &mut ServiceConfig) {
    config.app_data(Data::new(orders.clone()));
    for resource in [
        resource("/orders")
            .get(rule::Owner, list::ABOUT, list::list)
            .post(rule::Owner, place::ABOUT, place::place),
        resource("/orders/{id}").get(rule::Owner, read::ABOUT, read::read),
    ] {
        config.service(resource.done("orders"));
    }
}

/// An order on the wire.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
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

impl From<Order> for Versioned<Response> {
    fn from(order: Order) -> Self {
        Self::new(order.version, order)
    }
}
