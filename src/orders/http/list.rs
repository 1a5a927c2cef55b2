//! `GET /orders`: a page of orders, the newest last.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde::Deserialize;

use super::{
    super::{
        Orders,
        model::{OrderId, Status},
    },
    Response,
};
use crate::{
    http::{Caller, Faults, Field, Limit, Page, Params, Problem, Unknown},
    users::UserId,
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Request {
    customer_id: Field<UserId>,
    status: Field<Status>,
    after: Field<OrderId>,
    limit: Field<Limit>,
    #[serde(flatten)]
    unknown: Unknown,
}

pub(super) async fn list(
    caller: Caller,
    orders: Data<Orders>,
    request: HttpRequest,
    Params(params): Params<Request>,
) -> Result<HttpResponse, Problem> {
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

    Ok(Page::<Response>::answer(&request, limit, page, |order| {
        order.id
    }))
}
