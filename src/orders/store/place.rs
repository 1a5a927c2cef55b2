//! Placing orders, each of them once, however often its client asks.

use std::{collections::HashMap, sync::Arc, time::Duration};

use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        model::{Key, NewOrder, Order, OrderId, Placed, Placement, Standing},
        schema::orders::{items, orders},
    },
    OrdersConn, customers,
    orders::{ItemRow, OrderRow, from_lines, order, with_items},
};
use crate::{
    db::{self, Part, Rows, Unread, With, unnest},
    users::UserId,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = orders, check_for_backend(diesel::pg::Pg))]
struct KeyedRow {
    idempotency_key: Option<Uuid>,
    #[diesel(embed)]
    order: OrderRow,
}

/// Places orders in one statement, each alone in its luck: `None` for one that we have to [`decide`] on, because its customer may
/// not order as far as we know, or because its key names an order already.
pub(in crate::orders) fn place(
    conn: &mut OrdersConn<'_>,
    asked: &[Arc<NewOrder>],
) -> Result<Vec<Option<Order>>, db::Error> {
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = asked.iter().map(|order| order.id.uuid()).collect();
    let buyers: Vec<Uuid> = asked.iter().map(|order| order.customer.uuid()).collect();
    let totals = || asked.iter().map(|order| order.total());
    let currencies: Vec<&str> = totals().map(|total| total.currency().code()).collect();
    let amounts: Vec<i64> = totals().map(|total| total.amount().minor_units()).collect();
    let origins = || asked.iter().map(|order| &order.origin);
    let subjects: Vec<_> = origins().map(|origin| origin.subject.as_deref()).collect();
    let requests: Vec<_> = origins()
        .map(|origin| origin.request_id.as_deref())
        .collect();
    let keys: Vec<_> = asked.iter().map(|order| order.key.map(Key::uuid)).collect();
    let orders_asked = diesel::select((
        unnest(ids),
        unnest(buyers.clone()),
        unnest(currencies),
        unnest(amounts),
        unnest(subjects),
        unnest(requests),
        unnest(keys),
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

    let orders_made = new_orders::table
        .inner_join(allowed::table.on(allowed::id.eq(new_orders::customer_id)))
        // In one order, or two processes that get the same keys could wait for each other.
        .order(new_orders::idempotency_key)
        .select(new_orders::all_columns)
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
            Rows::new(allowed::table, customers::hold_active(buyers)),
        ),
        made: Part(made::table, orders_made),
        after: Unread(items_made),
    };
    let rows: Vec<OrderRow> = place.load(conn.pg())?;
    let mut placed: HashMap<Uuid, OrderRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    let placed = asked.iter().map(|new| {
        let row = placed.remove(&new.id.uuid());
        row.map(|row| order(&row, new.items().to_vec())).transpose()
    });
    placed.collect()
}

/// Places orders that could not be placed at once, or tells why not; call it in a transaction. A key and the order that it names are
/// kept together: an order whose key was used in the last `keys_kept`, by the database's clock, is not placed again.
pub(in crate::orders) fn decide(
    conn: &mut OrdersConn<'_>,
    asked: &[Arc<NewOrder>],
    keys_kept: Duration,
) -> Result<Vec<Placed>, db::Error> {
    let buyers: Vec<UserId> = asked.iter().map(|order| order.customer).collect();
    let standings = customers::hold(conn, &buyers)?;
    let keys: Vec<Uuid> = asked
        .iter()
        .filter_map(|order| order.key.map(Key::uuid))
        .collect();
    // A key that has expired is free for a new order.
    expire(conn, &keys, keys_kept)?;
    let mut earlier = by_key(conn, &keys)?;
    let free: Vec<Arc<NewOrder>> = asked
        .iter()
        .filter(|order| {
            order
                .key
                .is_none_or(|key| !earlier.contains_key(&key.uuid()))
        })
        .cloned()
        .collect();
    let placed = place(conn, &free)?.into_iter().flatten();
    let mut placed: HashMap<OrderId, Order> = placed.map(|order| (order.id, order)).collect();
    if placed.len() < free.len() {
        // Somebody else was faster with the same key.
        earlier = by_key(conn, &keys)?;
    }
    let outcome = |new: &Arc<NewOrder>| {
        if let Some(order) = placed.remove(&new.id) {
            let is_replay = false;
            return Ok(Placed::Order(Placement { order, is_replay }));
        }
        // Whoever may not order any more still hears of an earlier order.
        match new.key.and_then(|key| earlier.get(&key.uuid())) {
            Some(earlier) if new.asks_for(earlier) => {
                return Ok(Placed::Order(Placement {
                    order: earlier.clone().when_placed(),
                    is_replay: true,
                }));
            }
            Some(_) => return Ok(Placed::KeyReused),
            None => {}
        }
        match standings.get(&new.customer) {
            None => Ok(Placed::UnknownCustomer),
            // Its key was forgotten just now, by somebody else.
            Some(Standing::Active) => Err(db::Error::Busy),
            Some(standing) => Ok(Placed::NotActive(*standing)),
        }
    };
    asked.iter().map(outcome).collect()
}

/// The orders that these keys name.
fn by_key(conn: &mut OrdersConn<'_>, keys: &[Uuid]) -> Result<HashMap<Uuid, Order>, db::Error> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
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
    if keys.is_empty() {
        return Ok(());
    }
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

db::names! {
    /// The orders that are asked for.
    new_orders (id) {
        id -> Uuid,
        customer_id -> Uuid,
        currency -> Text,
        total -> BigInt,
        subject -> Nullable<Text>,
        request_id -> Nullable<Text>,
        idempotency_key -> Nullable<Uuid>,
    }
    /// Their items.
    new_items (order_id, position) {
        order_id -> Uuid,
        position -> SmallInt,
        sku -> Text,
        quantity -> Integer,
        unit_price -> BigInt,
    }
    /// The customers who may order.
    allowed (id) {
        id -> Uuid,
    }
    /// The orders that the statement makes.
    made (id) {
        id -> Uuid,
    }
}
diesel::allow_tables_to_appear_in_same_query!(new_orders, allowed);
diesel::allow_tables_to_appear_in_same_query!(new_items, made);
