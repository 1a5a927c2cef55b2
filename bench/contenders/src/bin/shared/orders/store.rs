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

use super::model::{Item, Money, NewOrder, Order, OrderId, Standing, Status};
use crate::{
    db::{
        self, AtMost, ForEach, Part, Rows, Unread, With, WithLines, any, asked, hand_out, unnest,
    },
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

/// Places orders in one statement, each alone in its luck: `None` for one whose customer may not order.
pub(super) fn place(
    conn: &mut PgConnection,
    asked: &[Arc<NewOrder>],
) -> Result<Vec<Option<Order>>, db::Error> {
    let ids: Vec<Uuid> = asked.iter().map(|order| order.id.uuid()).collect();
    let buyers: Vec<Uuid> = asked.iter().map(|order| order.customer.uuid()).collect();
    let totals = || asked.iter().map(|order| order.total());
    let currencies: Vec<&str> = totals().map(|total| total.currency().code()).collect();
    let amounts: Vec<i64> = totals().map(|total| total.amount().minor_units()).collect();
    let orders_asked = diesel::select((
        unnest(ids),
        unnest(buyers.clone()),
        unnest(currencies),
        unnest(amounts),
    ));

    let lines = asked.iter().flat_map(|order| {
        let numbered = (1..).zip(order.items());
        numbered.map(|(position, item)| (order.id.uuid(), position, item))
    });
    let order_ids: Vec<Uuid> = lines.clone().map(|(order, ..)| order).collect();
    let positions: Vec<i16> = lines.clone().map(|(_, position, _)| position).collect();
    let lines = || lines.clone().map(|(.., item)| item);
    let skus: Vec<&str> = lines().map(|item| item.sku.as_str()).collect();
    let quantities: Vec<i32> = lines().map(|item| item.quantity.number()).collect();
    let prices: Vec<i64> = lines().map(|item| item.unit_price.minor_units()).collect();
    let items_asked = diesel::select((
        unnest(order_ids),
        unnest(positions),
        unnest(skus),
        unnest(quantities),
        unnest(prices),
    ));

    let may_order = accounts::table
        .filter(accounts::id.eq_any(any(buyers)))
        .filter(accounts::standing.eq(Standing::Active.word()))
        // In one order, or two who hold could wait for each other.
        .order(accounts::id)
        .select((accounts::id,))
        .for_share();
    let orders_made = new_orders::table
        .inner_join(allowed::table.on(allowed::id.eq(new_orders::customer_id)))
        .select(new_orders::all_columns)
        .insert_into(orders::table)
        .into_columns((
            orders::id,
            orders::customer_id,
            orders::currency,
            orders::total,
        ))
        .returning(OrderRow::as_returning());
    let items_made = new_items::table
        .filter(new_items::order_id.eq_any(made::table.select(made::id)))
        .insert_into(items::table)
        .into_columns((
            items::order_id,
            items::position,
            items::sku,
            items::quantity,
            items::unit_price,
        ));
    let place = With {
        before: (
            Rows::new(new_orders::table, orders_asked),
            Rows::new(new_items::table, items_asked),
            Rows::new(allowed::table, may_order),
        ),
        made: Part(made::table, orders_made),
        after: Unread(items_made),
    };
    let rows: Vec<OrderRow> = place.load(conn)?;
    let mut placed: HashMap<Uuid, OrderRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let placed = asked.iter().map(|new| {
        let row = placed.remove(&new.id.uuid());
        row.map(|row| order(&row, new.items().to_vec())).transpose()
    });
    placed.collect()
}

/// How somebody stands.
pub(super) fn standing(
    conn: &mut PgConnection,
    customer: UserId,
) -> Result<Option<Standing>, db::Error> {
    let word = accounts::table
        .find(customer.uuid())
        .select(accounts::standing)
        .first::<String>(conn)
        .optional()?;
    word.map(|word| Standing::from_word(&word).ok_or(db::Error::NOT_OURS))
        .transpose()
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

db::names! {
    new_orders (id) {
        id -> Uuid,
        customer_id -> Uuid,
        currency -> Text,
        total -> BigInt,
    }
    new_items (order_id, position) {
        order_id -> Uuid,
        position -> SmallInt,
        sku -> Text,
        quantity -> Integer,
        unit_price -> BigInt,
    }
    allowed (id) {
        id -> Uuid,
    }
    made (id) {
        id -> Uuid,
    }
}
diesel::allow_tables_to_appear_in_same_query!(new_orders, allowed);
diesel::allow_tables_to_appear_in_same_query!(new_items, made);
