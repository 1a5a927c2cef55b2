//! Our answers to customers who want to leave. One is kept until the feed shows that it has arrived.

use std::collections::HashMap;

use diesel::{prelude::*, upsert::excluded};
use uuid::Uuid;

use super::{
    super::{model::Customer, schema::orders::closings},
    OrdersConn, orders,
};
use crate::{db, users::Answer};

/// Why an account cannot be closed yet.
const UNDER_WAY: &str = "order-under-way";

#[derive(Insertable)]
#[diesel(table_name = closings)]
struct NewClosingRow {
    customer_id: Uuid,
    version: i64,
    refusal: Option<&'static str>,
}

/// Decides on customers who want to leave: one with an order under way cannot, and the open orders of the others are
/// cancelled. A wish that has its answer keeps it.
pub(super) fn decide(conn: &mut OrdersConn<'_>, leaving: &[Customer]) -> Result<(), db::Error> {
    let uuids: Vec<Uuid> = leaving.iter().map(|customer| customer.id.uuid()).collect();
    let answered: HashMap<Uuid, i64> = closings::table
        .filter(closings::customer_id.eq_any(&uuids))
        .select((closings::customer_id, closings::version))
        .load(conn.pg())?
        .into_iter()
        .collect();
    let leaving: Vec<&Customer> = leaving
        .iter()
        .filter(|customer| answered.get(&customer.id.uuid()) != Some(&customer.version))
        .collect();
    if leaving.is_empty() {
        return Ok(());
    }
    let uuids: Vec<Uuid> = leaving.iter().map(|customer| customer.id.uuid()).collect();
    let under_way = orders::cancel_all(conn, &uuids)?;
    let rows: Vec<_> = leaving
        .iter()
        .map(|customer| NewClosingRow {
            customer_id: customer.id.uuid(),
            version: customer.version,
            refusal: under_way.contains(&customer.id.uuid()).then_some(UNDER_WAY),
        })
        .collect();
    diesel::insert_into(closings::table)
        .values(rows)
        .on_conflict(closings::customer_id)
        .do_update()
        .set((
            closings::version.eq(excluded(closings::version)),
            closings::refusal.eq(excluded(closings::refusal)),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// At most `most` answers that may not have arrived yet.
pub(in crate::orders) fn pending(
    conn: &mut OrdersConn<'_>,
    most: i64,
) -> Result<Vec<Answer>, db::Error> {
    let rows: Vec<(Uuid, i64, Option<String>)> = closings::table
        .order(closings::customer_id)
        .limit(most)
        .select((closings::customer_id, closings::version, closings::refusal))
        .load(conn.pg())?;
    let answer = |(id, version, refusal): (Uuid, i64, _)| Answer {
        user_id: id.into(),
        version,
        refusal,
    };
    Ok(rows.into_iter().map(answer).collect())
}

/// Forgets the answers that have arrived: those to customers whose account has changed since it asked.
pub(super) fn arrived(conn: &mut OrdersConn<'_>, changed: &[Customer]) -> Result<(), db::Error> {
    let uuids: Vec<Uuid> = changed.iter().map(|customer| customer.id.uuid()).collect();
    let answered: Vec<(Uuid, i64)> = closings::table
        .filter(closings::customer_id.eq_any(uuids))
        .select((closings::customer_id, closings::version))
        .for_update()
        .load(conn.pg())?;
    let arrived: Vec<Uuid> = answered
        .into_iter()
        .filter(|(id, version)| {
            let is_later =
                |customer: &Customer| customer.id.uuid() == *id && customer.version > *version;
            changed.iter().any(is_later)
        })
        .map(|(id, _)| id)
        .collect();
    if !arrived.is_empty() {
        diesel::delete(closings::table.filter(closings::customer_id.eq_any(arrived)))
            .execute(conn.pg())?;
    }
    Ok(())
}

/// Forgets every answer.
pub(super) fn forget_all(conn: &mut OrdersConn<'_>) -> Result<(), db::Error> {
    diesel::delete(closings::table).execute(conn.pg())?;
    Ok(())
}
