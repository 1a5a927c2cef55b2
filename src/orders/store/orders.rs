//! Orders and their items.

use std::{cmp::Reverse, collections::HashSet};

use diesel::{
    dsl::{self, AsSelect, now},
    pg::Pg,
    prelude::*,
    query_source::AliasedField,
    sql_types::{Nullable, Text},
};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        model::{Item, Money, Order, OrderId, Status, Step},
        schema::orders::{items, orders, steps},
    },
    OrdersConn,
};
use crate::{
    db::{self, AtMost, ForEach, WithLines, any, asked, hand_out, unnest},
    http::{Limit, Origin},
    users::UserId,
};

/// Orders of customers who leave that one statement reads or changes at most. A statement has 3 seconds, a transaction no limit.
const AT_ONCE: i64 = 2_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub(super) struct OrderRow {
    pub(super) id: Uuid,
    customer_id: Uuid,
    status: String,
    currency: String,
    total: i64,
    version: i64,
    placed_at: Timestamp,
    changed_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct OpenRow {
    id: Uuid,
    customer_id: Uuid,
    status: String,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = items, check_for_backend(diesel::pg::Pg))]
pub(super) struct ItemRow {
    position: i16,
    sku: String,
    quantity: i32,
    unit_price: i64,
}

/// The orders with these ids, in their order; `None` where there is none.
pub(in crate::orders) fn find(
    conn: &mut OrdersConn<'_>,
    ids: &[OrderId],
) -> Result<Vec<Option<Order>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let asked = orders::table
        .filter(orders::id.eq_any(any(uuids)))
        .select(OrderRow::as_select());
    let orders = from_lines(with_items(asked).load(conn.pg())?)?
        .into_iter()
        .map(|order| (order.id, order));
    Ok(hand_out(ids, orders.collect()))
}

/// Sees to it that customers who are gone have no order that could still be cancelled, and no key. We cancelled their orders when
/// we let them go; but our database may be a backup from before.
pub(super) fn leave_nothing(
    conn: &mut OrdersConn<'_>,
    customers: &[Uuid],
) -> Result<(), db::Error> {
    let mut placed = lock_open(conn, customers)?;
    placed.retain(|order| order.status == Status::Placed.word());
    cancel(conn, &placed)?;
    loop {
        let keyed: Vec<Uuid> = orders::table
            .filter(orders::customer_id.eq_any(customers))
            .filter(orders::idempotency_key.is_not_null())
            .limit(AT_ONCE)
            .select(orders::id)
            .load(conn.pg())?;
        if keyed.is_empty() {
            return Ok(());
        }
        diesel::update(orders::table.filter(orders::id.eq_any(keyed)))
            .set(orders::idempotency_key.eq(None::<Uuid>))
            .execute(conn.pg())?;
    }
}

/// Cancels every open order of the customers who have none under way, and returns those who have.
pub(super) fn cancel_all(
    conn: &mut OrdersConn<'_>,
    customers: &[Uuid],
) -> Result<HashSet<Uuid>, db::Error> {
    let mut open = lock_open(conn, customers)?;
    let under_way: HashSet<Uuid> = open
        .iter()
        .filter(|order| order.status == Status::Shipped.word())
        .map(|order| order.customer_id)
        .collect();
    open.retain(|order| !under_way.contains(&order.customer_id));
    cancel(conn, &open)?;
    Ok(under_way)
}

/// The open orders of customers, who place no others meanwhile. Nobody moves any of them until the transaction ends.
fn lock_open(conn: &mut OrdersConn<'_>, customers: &[Uuid]) -> Result<Vec<OpenRow>, db::Error> {
    let mut open: Vec<OpenRow> = Vec::new();
    loop {
        let last = open.last().map_or(Uuid::nil(), |order| order.id);
        let rows: Vec<OpenRow> = orders::table
            .filter(orders::customer_id.eq_any(customers))
            .filter(orders::status.eq_any([Status::Placed.word(), Status::Shipped.word()]))
            .filter(orders::id.gt(last))
            .order(orders::id)
            .limit(AT_ONCE)
            .select(OpenRow::as_select())
            .for_update()
            .load(conn.pg())?;
        if rows.is_empty() {
            return Ok(open);
        }
        open.extend(rows);
    }
}

fn cancel(conn: &mut OrdersConn<'_>, open: &[OpenRow]) -> Result<(), db::Error> {
    let ids: Vec<OrderId> = open.iter().map(|order| order.id.into()).collect();
    let at_once = usize::try_from(AT_ONCE).unwrap_or(1);
    for ids in ids.chunks(at_once) {
        advance(conn, ids, Step::Cancel, None, &Origin::default())?;
    }
    Ok(())
}

/// The newest orders of customers, the newest first; for each question a page.
pub(in crate::orders) fn latest(
    conn: &mut OrdersConn<'_>,
    questions: &[(UserId, Limit)],
) -> Result<Vec<Vec<Order>>, db::Error> {
    let theirs = orders::table
        .filter(orders::customer_id.eq(asked::owner))
        .order(orders::id.desc())
        .select(OrderRow::as_select());
    let asked = questions
        .iter()
        .map(|(customer, limit)| (customer.uuid(), Uuid::nil(), limit.rows()));
    let lines = ForEach::new(asked, with_items(AtMost(theirs))).load(conn.pg())?;
    into_pages(lines, questions.len(), |order| Reverse(order.id))
}

/// For each question at most one page of a customer's orders, the oldest first.
pub(in crate::orders) fn pages(
    conn: &mut OrdersConn<'_>,
    questions: &[(UserId, Option<OrderId>, Limit)],
) -> Result<Vec<Vec<Order>>, db::Error> {
    let theirs = orders::table
        .filter(orders::customer_id.eq(asked::owner))
        .filter(orders::id.gt(asked::after))
        .order(orders::id)
        .select(OrderRow::as_select());
    let asked = questions.iter().map(|(customer, after, limit)| {
        let after = after.map_or(Uuid::nil(), OrderId::uuid);
        (customer.uuid(), after, limit.and_one())
    });
    let lines = ForEach::new(asked, with_items(AtMost(theirs))).load(conn.pg())?;
    into_pages(lines, questions.len(), |order| order.id)
}

/// At most one page of the orders of everyone, or of one customer's with a certain status, the oldest first.
pub(in crate::orders) fn list(
    conn: &mut OrdersConn<'_>,
    customer: Option<UserId>,
    status: Option<Status>,
    after: Option<OrderId>,
    limit: Limit,
) -> Result<Vec<Order>, db::Error> {
    let mut query = orders::table
        .select(OrderRow::as_select())
        .order(orders::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(customer) = customer {
        query = query.filter(orders::customer_id.eq(customer.uuid()));
    }
    if let Some(status) = status {
        query = query.filter(orders::status.eq(status.word()));
    }
    if let Some(after) = after {
        query = query.filter(orders::id.gt(after.uuid()));
    }
    let lines = with_items(query).load(conn.pg())?;
    from_lines(lines)
}

/// Moves those of the orders that stand where the step starts, at one of `versions` if there are any, and notes who moved them.
pub(in crate::orders) fn advance(
    conn: &mut OrdersConn<'_>,
    ids: &[OrderId],
    step: Step,
    versions: Option<&[i64]>,
    origin: &Origin,
) -> Result<(), db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let movable = orders::id
        .eq_any(uuids)
        .and(orders::status.eq(step.from().word()));
    let change = (
        orders::status.eq(step.to().word()),
        orders::version.eq(orders::version + 1),
        orders::changed_at.eq(now),
    );
    let after = (orders::id, orders::version);
    let moved: Vec<(Uuid, i64)> = match versions {
        Some(versions) => {
            let movable = orders::table.filter(movable.and(orders::version.eq_any(versions)));
            let update = diesel::update(movable).set(change);
            update.returning(after).load(conn.pg())?
        }
        None => {
            let update = diesel::update(orders::table.filter(movable)).set(change);
            update.returning(after).load(conn.pg())?
        }
    };
    let (ids, versions): (Vec<Uuid>, Vec<i64>) = moved.into_iter().unzip();
    diesel::select((
        unnest(ids),
        unnest(versions),
        step.to().word().into_sql::<Text>(),
        origin.subject.as_deref().into_sql::<Nullable<Text>>(),
        origin.request_id.as_deref().into_sql::<Nullable<Text>>(),
    ))
    .insert_into(steps::table)
    .into_columns((
        steps::order_id,
        steps::version,
        steps::status,
        steps::subject,
        steps::request_id,
    ))
    .execute(conn.pg())?;
    Ok(())
}

diesel::alias!(orders as each: Each);

/// One order with one of its items.
type Line = (OrderRow, ItemRow);

/// The orders of a query, a line for each item.
pub(super) fn with_items<Rows>(rows: Rows) -> WithLines<Rows, items_of_each> {
    WithLines {
        rows,
        lines: items_of_each(),
    }
}

#[dsl::auto_type]
fn items_of_each() -> _ {
    let order: AliasedField<Each, orders::id> = each.field(orders::id);
    let columns: AsSelect<ItemRow, Pg> = ItemRow::as_select();
    items::table
        .filter(items::order_id.eq(order))
        .order(items::position)
        .select(columns)
}

/// Puts lines together, the oldest order first.
pub(super) fn from_lines(mut lines: Vec<Line>) -> Result<Vec<Order>, db::Error> {
    // No join promises an order. They nearly always come in this one, and then this only looks.
    lines.sort_by_key(|(order, item)| (order.id, item.position));
    let mut orders = Vec::new();
    for line in lines {
        add(&mut orders, line)?;
    }
    Ok(orders)
}

/// Puts the lines of so many pages together, the orders of each by `key`.
fn into_pages<K: Ord>(
    mut lines: Vec<(i64, Line)>,
    count: usize,
    key: impl Fn(&OrderRow) -> K,
) -> Result<Vec<Vec<Order>>, db::Error> {
    lines.sort_by_key(|(place, (order, item))| (*place, key(order), item.position));
    let mut pages = Vec::new();
    pages.resize_with(count, Vec::new);
    for (place, line) in lines {
        let page = usize::try_from(place - 1).ok();
        let page = page.and_then(|page| pages.get_mut(page));
        add(
            page.ok_or(db::Error::Failed("nobody asked for a row"))?,
            line,
        )?;
    }
    Ok(pages)
}

/// Adds a line to the order that it belongs to: the last one, or the next.
fn add(orders: &mut Vec<Order>, (row, line): Line) -> Result<(), db::Error> {
    let item = item(line)?;
    match orders.last_mut().filter(|order| order.id.uuid() == row.id) {
        Some(order) => order.items.push(item),
        None => orders.push(order(&row, vec![item])?),
    }
    Ok(())
}

fn item(row: ItemRow) -> Result<Item, db::Error> {
    Item::from_store(row.sku, row.quantity, row.unit_price).ok_or(db::Error::NOT_OURS)
}

pub(super) fn order(row: &OrderRow, items: Vec<Item>) -> Result<Order, db::Error> {
    Ok(Order {
        id: row.id.into(),
        customer: row.customer_id.into(),
        status: Status::from_word(&row.status).ok_or(db::Error::NOT_OURS)?,
        items,
        total: Money::from_store(row.total, &row.currency).ok_or(db::Error::NOT_OURS)?,
        version: row.version,
        placed_at: row.placed_at.into(),
        changed_at: row.changed_at.into(),
    })
}
