//! The resources of orders. One operation, one file.

mod advance;
mod list;
mod place;
mod read;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::model::{Amount, Currency, Item, Order, OrderId, Status};
use crate::{
    http::{Routes, Versioned, resource, rule},
    users::UserId,
};

pub(super) fn resources() -> [Routes; 5] {
    use advance::{CANCEL, DELIVER, SHIP, cancel, deliver, ship};

    [
        resource("/orders")
            .get(rule::Owner, list::ABOUT, list::list)
            .post(rule::Owner, place::ABOUT, place::place),
        resource("/orders/{id}").get(rule::Owner, read::ABOUT, read::read),
        resource("/orders/{id}/cancel").post(rule::Owner, CANCEL, cancel),
        resource("/orders/{id}/ship").post(rule::OperatorOnObject, SHIP, ship),
        resource("/orders/{id}/deliver").post(rule::OperatorOnObject, DELIVER, deliver),
    ]
}

/// An order on the wire. Its amounts are in minor units of its currency.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Order", example = json!({
    "id": "01890a5e-0e3a-7b1c-9d55-1f0c7c1f8a10",
    "customer_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "status": "placed",
    "currency": "EUR",
    "items": [{ "sku": "tea-100", "quantity": 2, "unit_price": 450 }],
    "total": 900,
    "placed_at": "2026-11-21T09:00:00Z",
    "changed_at": "2026-11-21T09:00:00Z",
}))]
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

impl From<Order> for Versioned<Response> {
    fn from(order: Order) -> Self {
        Self::new(order.version, order)
    }
}
