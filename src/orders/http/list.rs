//! `GET /orders`: a page of orders, the newest last.

use actix_web::{HttpRequest, web::Data};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    super::{
        Orders,
        model::{OrderId, Status},
    },
    Response,
};
use crate::{
    http::{About, Caller, Faults, Field, Limit, Page, Params, Problem, Unknown},
    users::UserId,
};

pub(super) const ABOUT: About = About {
    id: "list_orders",
    summary: "A page of orders, the newest last",
    problems: &[],
    links: &[],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Request {
    /// Only orders of this customer.
    customer_id: Field<UserId>,
    /// Only orders that stand so.
    status: Field<Status>,
    /// Only orders that were placed after this one.
    after: Field<OrderId>,
    /// How many at most.
    limit: Field<Limit>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

pub(super) async fn list(
    caller: Caller,
    orders: Data<Orders>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<Page<Response>, Problem> {
    let mut faults = Faults::in_query();
    let customer = faults.optional("customer_id", params.customer_id);
    let status = faults.optional("status", params.status);
    let after = faults.optional("after", params.after);
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let page = orders.list(&caller, customer, status, after, limit).await?;

    Ok(Page::of(&request, limit, page, |order| order.id))
}
