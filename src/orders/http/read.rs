//! `GET /orders/{id}`: one order with its items and total.

use actix_web::web::Data;

use super::{
    super::{Orders, error::ORDER_NOT_FOUND, model::Order},
    Response,
};
use crate::http::{About, Caller, Fresh, IfNoneMatch, PathId, Problem, Versioned};

pub(super) const ABOUT: About = About {
    id: "read_order",
    summary: "One order with its items and total",
    problems: &[ORDER_NOT_FOUND],
    links: &[],
};

pub(super) async fn read(
    caller: Caller,
    orders: Data<Orders>,
    PathId(id): PathId<Order>,
    known: IfNoneMatch,
) -> Result<Fresh<Response>, Problem> {
    let order = orders.find(&caller, id).await?;

    Ok(Versioned::from(order).unless(&known))
}
