//! `POST /orders/{id}/cancel`, `/ship`, `/deliver`: moves an order to its next status. Each may be repeated.

use actix_web::web::Data;

use super::{
    super::{
        Orders,
        error::{ORDER_NOT_FOUND, WRONG_STATUS},
        model::{Order, Step},
    },
    Response,
};
use crate::http::{About, Caller, IfMatch, Link, PathId, Problem, Versioned};

pub(super) const CANCEL: About = about("cancel_order", "Cancels an order that was placed", &[]);
pub(super) const SHIP: About = about(
    "ship_order",
    "Ships an order that was placed",
    &[Link::At("deliver_order")],
);
pub(super) const DELIVER: About = about("deliver_order", "Delivers an order that was shipped", &[]);

const fn about(id: &'static str, summary: &'static str, links: &'static [Link]) -> About {
    About {
        id,
        summary,
        problems: &[ORDER_NOT_FOUND, WRONG_STATUS],
        links,
    }
}

pub(super) async fn cancel(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<Versioned<Response>, Problem> {
    advance(&caller, &orders, id, condition, Step::Cancel).await
}

pub(super) async fn ship(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<Versioned<Response>, Problem> {
    advance(&caller, &orders, id, condition, Step::Ship).await
}

pub(super) async fn deliver(
    caller: Caller,
    orders: Data<Orders>,
    id: PathId<Order>,
    condition: IfMatch,
) -> Result<Versioned<Response>, Problem> {
    advance(&caller, &orders, id, condition, Step::Deliver).await
}

async fn advance(
    caller: &Caller,
    orders: &Orders,
    PathId(id): PathId<Order>,
    IfMatch(versions): IfMatch,
    step: Step,
) -> Result<Versioned<Response>, Problem> {
    let order = orders.advance(caller, id, step, versions).await?;

    Ok(order.into())
}
