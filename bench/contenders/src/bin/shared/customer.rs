//! `GET /customers/{id}`: a user with their newest orders, by one join.

use actix_web::{HttpResponse, web::Data};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    db::{self, Pool},
    http::{Faults, Field, Limit, Params, PathId, Problem, Unknown},
    orders::{self, ItemRow, Order, OrderRow},
    schema::{accounts, items, orders as all},
    users::{self, User, UserRow},
};

#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Request {
    limit: Field<Limit>,
    #[serde(flatten)]
    unknown: Unknown,
}

#[derive(Serialize)]
struct Response {
    user: users::http::Response,
    orders: Vec<orders::http::Response>,
    /// The product names here a service that cannot answer. There is one database here: it answers with all or not at all.
    missing: [&'static str; 0],
}

pub(crate) async fn customer(
    pool: Data<Pool>,
    PathId(id): PathId<User>,
    Params(params): Params<Request>,
) -> Result<HttpResponse, Problem> {
    let mut faults = Faults::in_query();
    let limit = faults.optional("limit", params.limit).unwrap_or_default();
    faults.unknown("", &params.unknown);
    if !faults.is_empty() {
        return Err(faults.into_problem());
    }

    let found = pool.read(move |conn| join(conn, id.uuid(), limit)).await?;
    let (user, orders) = found.ok_or_else(users::unknown)?;
    Ok(HttpResponse::Ok().json(Response {
        user: user.into(),
        orders: orders.into_iter().map(Into::into).collect(),
        missing: [],
    }))
}

type Line = (UserRow, Option<(OrderRow, ItemRow)>);

fn join(
    conn: &mut PgConnection,
    id: Uuid,
    limit: Limit,
) -> Result<Option<(User, Vec<Order>)>, db::Error> {
    let theirs = diesel::alias!(crate::schema::orders as theirs);
    let newest = theirs
        .filter(theirs.field(all::customer_id).eq(id))
        .order(theirs.field(all::id).desc())
        .limit(limit.rows())
        .select(theirs.field(all::id));
    let lines: Vec<Line> = accounts::table
        .left_join(
            all::table.inner_join(items::table).on(all::customer_id
                .eq(accounts::id)
                .and(all::id.eq_any(newest))),
        )
        .filter(accounts::id.eq(id))
        .order((all::id.desc(), items::position))
        .select((
            UserRow::as_select(),
            Option::<(OrderRow, ItemRow)>::as_select(),
        ))
        .load(conn)?;
    let (users, lines): (Vec<UserRow>, Vec<_>) = lines.into_iter().unzip();
    let Some(user) = users.into_iter().next() else {
        return Ok(None);
    };
    let orders = orders::from_lines(lines.into_iter().flatten())?;
    Ok(Some((user.try_into()?, orders)))
}
