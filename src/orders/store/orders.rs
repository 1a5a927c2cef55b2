//! Orders and their items.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

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
        model::{
            Item, Key, Money, NewOrder, Order, OrderId, Placed, Placement, Standing, Status, Step,
        },
        schema::orders::{items, orders, steps},
    },
    OrdersConn, customers,
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
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct KeyedRow {
    idempotency_key: Option<Uuid>,
    #[diesel(embed)]
    order: OrderRow,
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
struct ItemRow {
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

/// Places orders, each alone in its luck. A key and the order that it names are kept together: an order whose key was used
/// in the last `keys_kept`, by the database's clock, is not placed again.
pub(in crate::orders) fn place(
    conn: &mut OrdersConn<'_>,
    new_orders: &[Arc<NewOrder>],
    keys_kept: Duration,
) -> Result<Vec<Placed>, db::Error> {
    let ids: Vec<UserId> = new_orders.iter().map(|order| order.customer).collect();
    let standings = customers::hold(conn, &ids)?;
    let may_order = |order: &&NewOrder| standings.get(&order.customer) == Some(&Standing::Active);
    let mut allowed: Vec<&NewOrder> = new_orders
        .iter()
        .map(Arc::as_ref)
        .filter(may_order)
        .collect();
    // In one order, or two processes that get the same keys could wait for each other.
    allowed.sort_by_key(|order| order.key);
    let mut placed = insert(conn, &allowed)?;

    // What was not placed may have been before. Whoever may not order any more still hears of an earlier order.
    let keys: Vec<Uuid> = new_orders
        .iter()
        .filter(|order| !placed.contains_key(&order.id))
        .filter_map(|order| order.key)
        .map(Key::uuid)
        .collect();
    let mut earlier = HashMap::new();
    if !keys.is_empty() {
        expire(conn, &keys, keys_kept)?;
        earlier = by_key(conn, &keys)?;
        // A key that has expired, or that upkeep forgot meanwhile, is free for a new order.
        let is_free = |order: &&NewOrder| {
            let key_is_free = |key: Key| !earlier.contains_key(&key.uuid());
            order.key.is_some_and(key_is_free) && !placed.contains_key(&order.id)
        };
        let again: Vec<&NewOrder> = allowed.into_iter().filter(is_free).collect();
        if !again.is_empty() {
            placed.extend(insert(conn, &again)?);
            earlier = by_key(conn, &keys)?;
        }
    }

    let outcome = |order: &Arc<NewOrder>| {
        if let Some(order) = placed.remove(&order.id) {
            let is_replay = false;
            return Ok(Placed::Order(Placement { order, is_replay }));
        }
        match order.key.and_then(|key| earlier.get(&key.uuid())) {
            Some(earlier) if order.asks_for(earlier) => {
                return Ok(Placed::Order(Placement {
                    order: earlier.clone().when_placed(),
                    is_replay: true,
                }));
            }
            Some(_) => return Ok(Placed::KeyReused),
            None => {}
        }
        match standings.get(&order.customer) {
            None => Ok(Placed::UnknownCustomer),
            Some(Standing::Active) => Err(db::Error::Failed("an order was not inserted")),
            Some(standing) => Ok(Placed::NotActive(*standing)),
        }
    };
    new_orders.iter().map(outcome).collect()
}

/// Inserts orders with their items and returns them by id, without those whose key names an order already.
fn insert(
    conn: &mut OrdersConn<'_>,
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
    let keys: Vec<Option<Uuid>> = new_orders
        .iter()
        .map(|order| order.key.map(Key::uuid))
        .collect();
    let origins = || new_orders.iter().map(|order| &order.origin);
    let subjects: Vec<_> = origins().map(|origin| origin.subject.as_deref()).collect();
    let requests: Vec<_> = origins()
        .map(|origin| origin.request_id.as_deref())
        .collect();
    let rows: Vec<OrderRow> = diesel::select((
        unnest(ids),
        unnest(customers),
        unnest(currencies),
        unnest(amounts),
        unnest(subjects),
        unnest(requests),
        unnest(keys),
    ))
    .insert_into(orders::table)
    .into_columns((
        orders::id,
        orders::customer_id,
        orders::currency,
        orders::total,
        orders::subject,
        orders::request_id,
        orders::idempotency_key,
    ))
    .on_conflict(orders::idempotency_key)
    .filter_target(orders::idempotency_key.is_not_null())
    .do_nothing()
    .returning(OrderRow::as_returning())
    .load(conn.pg())?;

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
    conn: &mut OrdersConn<'_>,
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
    .execute(conn.pg())?;
    Ok(())
}

/// The orders that these keys name.
fn by_key(conn: &mut OrdersConn<'_>, keys: &[Uuid]) -> Result<HashMap<Uuid, Order>, db::Error> {
    let named = orders::table
        .filter(orders::idempotency_key.eq_any(keys))
        .select(KeyedRow::as_select());
    let lines: Vec<(KeyedRow, ItemRow)> = with_items(named).load(conn.pg())?;
    let (keys, lines): (HashMap<_, _>, _) = lines
        .into_iter()
        .map(|(row, item)| ((row.order.id, row.idempotency_key), (row.order, item)))
        .unzip();
    let keyed = |order: Order| Some(((*keys.get(&order.id.uuid())?)?, order));
    Ok(from_lines(lines)?.into_iter().filter_map(keyed).collect())
}

/// Forgets those of the keys that are older than `kept`.
fn expire(conn: &mut OrdersConn<'_>, keys: &[Uuid], kept: Duration) -> Result<(), db::Error> {
    let old = orders::idempotency_key
        .eq_any(keys)
        .and(orders::placed_at.lt(Timestamp::from(conn.now()? - kept)));
    diesel::update(orders::table.filter(old))
        .set(orders::idempotency_key.eq(None::<Uuid>))
        .execute(conn.pg())?;
    Ok(())
}

/// Forgets at most `most` keys that are older than `kept`; returns how many.
pub(in crate::orders) fn expire_keys(
    conn: &mut OrdersConn<'_>,
    kept: Duration,
    most: i64,
) -> Result<usize, db::Error> {
    let then = Timestamp::from(conn.now()? - kept);
    let old: Vec<Uuid> = orders::table
        .filter(orders::idempotency_key.is_not_null())
        .filter(orders::placed_at.lt(then))
        .order(orders::placed_at)
        .limit(most)
        .select(orders::id)
        .load(conn.pg())?;
    Ok(diesel::update(orders::table.filter(orders::id.eq_any(old)))
        .set(orders::idempotency_key.eq(None::<Uuid>))
        .execute(conn.pg())?)
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
