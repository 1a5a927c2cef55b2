//! `GET /customers/{id}`: a user with their newest orders, composed from both doors.

use actix_web::web::Data;
use futures_util::future::join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    db::Service,
    http::{About, Caller, Faults, Field, Limit, Params, PathId, Problem, Shown, Unknown},
    orders::{self, Orders},
    users::{self, USER_NOT_FOUND, User, Users},
};

pub(super) const ABOUT: About = About {
    id: "read_customer",
    summary: "A user with their newest orders, composed from both services",
    problems: &[USER_NOT_FOUND],
    links: &[],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(super) struct Request {
    /// How many orders at most.
    limit: Field<Limit>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

/// What both services know. A part is null, and its service named, when the service cannot answer now.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Customer")]
pub(super) struct Response<User, Order> {
    user: Option<User>,
    orders: Option<Vec<Order>>,
    missing: Vec<&'static str>,
}

/// Two questions at once, whatever the number of orders.
pub(super) async fn customer(
    caller: Caller,
    users_door: Data<Users>,
    orders_door: Data<Orders>,
    PathId(id): PathId<User>,
    Params(params): Params<Request>,
) -> Result<Shown<Response<impl Serialize + JsonSchema, impl Serialize + JsonSchema>>, Problem> {
    let mut faults = Faults::in_query();
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let mut missing = Vec::new();
    let (user, orders) = join(
        users_door.show(&caller, id),
        orders_door.latest(&caller, id, limit),
    )
    .await;
    let user = part(user, users::SERVICE, &mut missing)?;
    let orders = part(orders, orders::SERVICE, &mut missing)?;
    if user.is_none() && orders.is_none() {
        return Err(Problem::unavailable());
    }
    Ok(Shown(Response {
        user,
        orders,
        missing,
    }))
}

/// A service's part, or its name among the missing ones if it cannot answer now. Any other failure is that of the whole.
fn part<T>(
    answer: Result<T, Problem>,
    service: Service,
    missing: &mut Vec<&'static str>,
) -> Result<Option<T>, Problem> {
    match answer {
        Ok(part) => Ok(Some(part)),
        Err(problem) if problem.is_passing() => {
            missing.push(service.name());
            Ok(None)
        }
        Err(problem) => Err(problem),
    }
}
