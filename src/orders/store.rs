//! The rows of orders: the one file that can name a table of this schema. Private to the service.

use std::collections::HashMap;

use diesel::{dsl::now, prelude::*};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    model::{Item, Money, NewOrder, Order, OrderId, Status, Step},
    schema::orders::{items, orders},
};
use crate::{
    db::{self, Conn, Owner, Pool, Service},
    http::Limit,
    users::UserId,
};

/// Marks pools and connections of this service. Nobody else can name it.
pub(super) enum OrdersSchema {}

impl Owner for OrdersSchema {
    const SERVICE: Service = super::SERVICE;
}

pub(super) type OrdersPool = Pool<OrdersSchema>;
type OrdersConn<'c> = Conn<'c, OrdersSchema>;

/// Rows of one INSERT: PostgreSQL takes 65,535 parameters in a statement, and an item has 5.
const ROWS_OF_ITEMS: usize = 10_000;

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct OrderRow {
    id: Uuid,
    customer_id: Uuid,
    status: String,
    currency: String,
    total: i64,
    version: i64,
    placed_at: Timestamp,
    changed_at: Timestamp,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = items, check_for_backend(diesel::pg::Pg))]
struct ItemRow {
    order_id: Uuid,
    sku: String,
    quantity: i32,
    unit_price: i64,
}

#[derive(Insertable)]
#[diesel(table_name = orders)]
struct NewOrderRow {
    id: Uuid,
    customer_id: Uuid,
    currency: &'static str,
    total: i64,
}

#[derive(Insertable)]
#[diesel(table_name = items)]
struct NewItemRow<'a> {
    order_id: Uuid,
    position: i16,
    sku: &'a str,
    quantity: i32,
    unit_price: i64,
}

/// The orders with these ids, in their order; `None` where there is none.
pub(super) fn find(
    conn: &mut OrdersConn<'_>,
    ids: &[OrderId],
) -> Result<Vec<Option<Order>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = orders::table
        .filter(orders::id.eq_any(uuids))
        .select(OrderRow::as_select())
        .load(conn.pg())?;
    let orders: HashMap<_, _> = with_items(conn, rows)?
        .into_iter()
        .map(|order| (order.id, order))
        .collect();
    Ok(ids.iter().map(|id| orders.get(id).cloned()).collect())
}

/// Inserts orders with their items and returns them by id.
pub(super) fn place(
    conn: &mut OrdersConn<'_>,
    placed: &[&NewOrder],
) -> Result<HashMap<OrderId, Order>, db::Error> {
    let new_orders: Vec<_> = placed
        .iter()
        .map(|order| NewOrderRow {
            id: order.id.uuid(),
            customer_id: order.customer.uuid(),
            currency: order.total().currency().code(),
            total: order.total().amount().minor_units(),
        })
        .collect();
    let new_items: Vec<_> = placed.iter().flat_map(|order| new_items(order)).collect();

    let rows: Vec<OrderRow> = diesel::insert_into(orders::table)
        .values(new_orders)
        .returning(OrderRow::as_returning())
        .load(conn.pg())?;
    for chunk in new_items.chunks(ROWS_OF_ITEMS) {
        diesel::insert_into(items::table)
            .values(chunk)
            .execute(conn.pg())?;
    }

    let mut items: HashMap<Uuid, Vec<Item>> = placed
        .iter()
        .map(|order| (order.id.uuid(), order.items().to_vec()))
        .collect();
    let placed = rows.into_iter().map(|row| {
        let items = items.remove(&row.id).unwrap_or_default();
        order(&row, items).map(|order| (order.id, order))
    });
    placed.collect()
}

/// At most one page of orders, the oldest first.
pub(super) fn list(
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
    let rows = query.load(conn.pg())?;
    with_items(conn, rows)
}

/// Moves those of the orders that stand where the step starts, at one of `versions` if there are any.
pub(super) fn advance(
    conn: &mut OrdersConn<'_>,
    ids: &[OrderId],
    step: Step,
    versions: Option<&[i64]>,
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
    match versions {
        Some(versions) => {
            let movable = orders::table.filter(movable.and(orders::version.eq_any(versions)));
            diesel::update(movable).set(change).execute(conn.pg())?
        }
        None => diesel::update(orders::table.filter(movable))
            .set(change)
            .execute(conn.pg())?,
    };
    Ok(())
}

/// Adds to each row its items, which one query reads for all of them.
fn with_items(conn: &mut OrdersConn<'_>, rows: Vec<OrderRow>) -> Result<Vec<Order>, db::Error> {
    let uuids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let item_rows: Vec<ItemRow> = items::table
        .filter(items::order_id.eq_any(uuids))
        .order((items::order_id, items::position))
        .select(ItemRow::as_select())
        .load(conn.pg())?;
    let mut items: HashMap<Uuid, Vec<Item>> = HashMap::new();
    for row in item_rows {
        let item = Item::from_store(row.sku, row.quantity, row.unit_price).ok_or(NOT_OURS)?;
        items.entry(row.order_id).or_default().push(item);
    }
    rows.into_iter()
        .map(|row| {
            let items = items.remove(&row.id).unwrap_or_default();
            order(&row, items)
        })
        .collect()
}

fn order(row: &OrderRow, items: Vec<Item>) -> Result<Order, db::Error> {
    Ok(Order {
        id: row.id.into(),
        customer: row.customer_id.into(),
        status: Status::from_word(&row.status).ok_or(NOT_OURS)?,
        items,
        total: Money::from_store(row.total, &row.currency).ok_or(NOT_OURS)?,
        version: row.version,
        placed_at: row.placed_at.into(),
        changed_at: row.changed_at.into(),
    })
}

/// A row that this program would not have written: somebody else did, past the checks of the schema.
const NOT_OURS: db::Error = db::Error::Failed("a stored row makes no sense");

fn new_items(order: &NewOrder) -> impl Iterator<Item = NewItemRow<'_>> {
    (1..).zip(order.items()).map(|(position, item)| NewItemRow {
        order_id: order.id.uuid(),
        position,
        sku: item.sku.as_str(),
        quantity: item.quantity.number(),
        unit_price: item.unit_price.minor_units(),
    })
}
