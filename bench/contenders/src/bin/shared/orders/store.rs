//! The product's queries for orders, in the schema that is everybody's.

use std::{collections::HashMap, sync::Arc};

use diesel::{
    dsl::{self, AsSelect},
    pg::Pg,
    prelude::*,
    query_source::AliasedField,
};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::{Item, Money, NewOrder, Order, OrderId, Placed, Placement, Standing, Status};
use crate::{
    db::{self, AtMost, ForEach, WithLines, any, asked, hand_out, unnest},
    http::Limit,
    schema::{accounts, items, orders},
    users::UserId,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
pub(crate) struct OrderRow {
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
pub(crate) struct ItemRow {
    position: i16,
    sku: String,
    quantity: i32,
    unit_price: i64,
}

/// The orders with these ids, in their order; `None` where there is none.
pub(super) fn find(
    conn: &mut PgConnection,
    ids: &[OrderId],
) -> Result<Vec<Option<Order>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let asked = orders::table
        .filter(orders::id.eq_any(any(uuids)))
        .select(OrderRow::as_select());
    let orders = from_lines(with_items(asked).load(conn)?)?
        .into_iter()
        .map(|order| (order.id, order));
    Ok(hand_out(ids, orders.collect()))
}

/// Places orders, each alone in its luck.
pub(super) fn place(
    conn: &mut PgConnection,
    new_orders: &[Arc<NewOrder>],
) -> Result<Vec<Placed>, db::Error> {
    let standings = hold(conn, new_orders)?;
    let allowed: Vec<&NewOrder> = new_orders
        .iter()
        .map(Arc::as_ref)
        .filter(|order| standings.get(&order.customer) == Some(&Standing::Active))
        .collect();
    let mut placed = insert(conn, &allowed)?;
    let outcome = |order: &Arc<NewOrder>| match placed.remove(&order.id) {
        Some(order) => Ok(Placed::Order(Placement {
            order,
            is_replay: false,
        })),
        None => match standings.get(&order.customer) {
            None => Ok(Placed::UnknownCustomer),
            Some(Standing::Active) => Err(db::Error::Failed("an order was not inserted")),
            Some(standing) => Ok(Placed::NotActive(*standing)),
        },
    };
    new_orders.iter().map(outcome).collect()
}

/// How the customers stand. None of them changes until the transaction ends.
fn hold(
    conn: &mut PgConnection,
    new_orders: &[Arc<NewOrder>],
) -> Result<HashMap<UserId, Standing>, db::Error> {
    let uuids: Vec<Uuid> = new_orders
        .iter()
        .map(|order| order.customer.uuid())
        .collect();
    let rows: Vec<(Uuid, String)> = accounts::table
        .filter(accounts::id.eq_any(any(uuids)))
        // In one order, or two who hold could wait for each other.
        .order(accounts::id)
        .select((accounts::id, accounts::standing))
        .for_share()
        .load(conn)?;
    rows.into_iter()
        .map(|(id, word)| {
            let standing = Standing::from_word(&word).ok_or(db::Error::NOT_OURS)?;
            Ok((id.into(), standing))
        })
        .collect()
}

/// Inserts orders with their items and returns them by id.
fn insert(
    conn: &mut PgConnection,
    new_orders: &[&NewOrder],
) -> Result<HashMap<OrderId, Order>, db::Error> {
    if new_orders.is_empty() {
        return Ok(HashMap::new());
    }
    let ids: Vec<Uuid> = new_orders.iter().map(|order| order.id.uuid()).collect();
    let customers: Vec<Uuid> = new_orders
        .iter()
        .map(|order| order.customer.uuid())
        .collect();
    let totals = || new_orders.iter().map(|order| order.total());
    let currencies: Vec<&str> = totals().map(|total| total.currency().code()).collect();
    let amounts: Vec<i64> = totals().map(|total| total.amount().minor_units()).collect();
    let rows: Vec<OrderRow> = diesel::select((
        unnest(ids),
        unnest(customers),
        unnest(currencies),
        unnest(amounts),
    ))
    .insert_into(orders::table)
    .into_columns((
        orders::id,
        orders::customer_id,
        orders::currency,
        orders::total,
    ))
    .returning(OrderRow::as_returning())
    .load(conn)?;

    let new_orders: HashMap<Uuid, &NewOrder> = new_orders
        .iter()
        .map(|order| (order.id.uuid(), *order))
        .collect();
    let inserted: Vec<_> = rows
        .into_iter()
        .filter_map(|row| Some((*new_orders.get(&row.id)?, row)))
        .collect();
    insert_items(conn, inserted.iter().map(|(order, _)| *order))?;
    inserted
        .into_iter()
        .map(|(new, row)| Ok((new.id, order(&row, new.items().to_vec())?)))
        .collect()
}

fn insert_items<'a>(
    conn: &mut PgConnection,
    orders: impl Iterator<Item = &'a NewOrder> + Clone,
) -> Result<(), db::Error> {
    let lines = orders.flat_map(|order| {
        (1..)
            .zip(order.items())
            .map(|(position, item)| (order.id.uuid(), position, item))
    });
    let orders: Vec<Uuid> = lines.clone().map(|(order, ..)| order).collect();
    let positions: Vec<i16> = lines.clone().map(|(_, position, _)| position).collect();
    let items = || lines.clone().map(|(.., item)| item);
    let skus: Vec<&str> = items().map(|item| item.sku.as_str()).collect();
    let quantities: Vec<i32> = items().map(|item| item.quantity.number()).collect();
    let prices: Vec<i64> = items().map(|item| item.unit_price.minor_units()).collect();
    diesel::select((
        unnest(orders),
        unnest(positions),
        unnest(skus),
        unnest(quantities),
        unnest(prices),
    ))
    .insert_into(items::table)
    .into_columns((
        items::order_id,
        items::position,
        items::sku,
        items::quantity,
        items::unit_price,
    ))
    .execute(conn)?;
    Ok(())
}

/// For each question at most one page of a customer's orders, the oldest first.
pub(super) fn pages(
    conn: &mut PgConnection,
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
    let lines = ForEach::new(asked, with_items(AtMost(theirs))).load(conn)?;
    into_pages(lines, questions.len(), |order| order.id)
}

/// At most one page of the orders of everyone, or of one customer's with a certain status, the oldest first.
pub(super) fn list(
    conn: &mut PgConnection,
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
    let lines = with_items(query).load(conn)?;
    from_lines(lines)
}

diesel::alias!(orders as each: Each);

/// One order with one of its items.
pub(crate) type Line = (OrderRow, ItemRow);

/// The orders of a query, a line for each item.
fn with_items<Rows>(rows: Rows) -> WithLines<Rows, items_of_each> {
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
fn from_lines(mut lines: Vec<Line>) -> Result<Vec<Order>, db::Error> {
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
pub(crate) fn add(orders: &mut Vec<Order>, (row, line): Line) -> Result<(), db::Error> {
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

fn order(row: &OrderRow, items: Vec<Item>) -> Result<Order, db::Error> {
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
