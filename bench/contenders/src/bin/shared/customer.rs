//! `GET /customers/{id}`: a user with their newest orders, by one join.

use actix_web::web::Data;
use diesel::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{self, Batch, ForEach, Pool, asked},
    http::{About, Faults, Field, Limit, Params, PathId, Problem, Shown, Unknown},
    orders::{self, ItemRow, Order, OrderRow},
    schema::{accounts, items, orders as all},
    users::{self, User, UserId, UserRow},
};

pub(crate) const ABOUT: About = About {
    id: "read_customer",
    summary: "A user with their newest orders",
    problems: &[],
    links: &[],
};

#[derive(Default, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Request {
    limit: Field<Limit>,
    #[serde(flatten)]
    #[schemars(skip)]
    unknown: Unknown,
}

#[derive(JsonSchema, Serialize)]
pub(crate) struct Response {
    user: users::http::Response,
    orders: Vec<orders::http::Response>,
    /// The product names here a service that cannot answer. There is one database here: it answers with all or not at all.
    missing: [&'static str; 0],
}

/// Those who ask for a customer at the same time.
pub(crate) struct Customers(Batch<(UserId, Limit), Option<Customer>>);

type Customer = (User, Vec<Order>);

impl Customers {
    pub(crate) fn open(pool: &Pool) -> Self {
        Self(pool.batch_of_pages("customers", join))
    }
}

pub(crate) async fn customer(
    customers: Data<Customers>,
    PathId(id): PathId<User>,
    Params(params): Params<Request>,
) -> Result<Shown<Response>, Problem> {
    let mut faults = Faults::in_query();
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let found = customers.0.ask((id, limit)).await?;
    let (user, orders) = found.ok_or_else(users::unknown)?;
    Ok(Shown(Response {
        user: user.into(),
        orders: orders.into_iter().map(Into::into).collect(),
        missing: [],
    }))
}

type Line = (i64, (UserRow, Option<(OrderRow, ItemRow)>));

fn join(
    conn: &mut PgConnection,
    questions: &[(UserId, Limit)],
) -> Result<Vec<Option<Customer>>, db::Error> {
    // A join has one limit for all.
    let most = questions.iter().map(|(_, limit)| limit.rows()).max();
    let theirs = diesel::alias!(crate::schema::orders as theirs);
    let newest = theirs
        .filter(theirs.field(all::customer_id).eq(accounts::id))
        .order(theirs.field(all::id).desc())
        .limit(most.unwrap_or_default())
        .select(theirs.field(all::id));
    let customer = accounts::table
        .left_join(
            all::table.inner_join(items::table).on(all::customer_id
                .eq(accounts::id)
                .and(all::id.eq_any(newest))),
        )
        .filter(accounts::id.eq(asked::owner))
        .order((all::id.desc(), items::position))
        .select((
            UserRow::as_select(),
            Option::<(OrderRow, ItemRow)>::as_select(),
        ));
    let asked = questions
        .iter()
        .map(|(id, limit)| (id.uuid(), Uuid::nil(), limit.rows()));
    let lines: Vec<Line> = ForEach::new(asked, customer).load(conn)?;

    let mut found: Vec<Option<Customer>> = Vec::new();
    found.resize_with(questions.len(), || None);
    for (place, (user, line)) in lines {
        let customer = usize::try_from(place - 1).ok();
        let customer = customer.and_then(|customer| found.get_mut(customer));
        let customer = customer.ok_or(db::Error::Failed("nobody asked for a row"))?;
        let (_, orders) = match customer {
            Some(customer) => customer,
            None => customer.insert((user.try_into()?, Vec::new())),
        };
        if let Some(line) = line {
            orders::add(orders, line)?;
        }
    }
    for (customer, (_, limit)) in found.iter_mut().zip(questions) {
        if let Some((_, orders)) = customer {
            orders.truncate(usize::try_from(limit.rows()).unwrap_or_default());
        }
    }
    Ok(found)
}
