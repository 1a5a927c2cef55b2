//! The copy: what orders knows of those who order.

use std::collections::{BTreeMap, HashMap};

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{Query, QueryFragment, QueryId},
    sql_types::Uuid as SqlUuid,
    upsert::excluded,
};
use uuid::Uuid;

use super::{
    super::{
        model::{Customer, Standing},
        schema::orders::customers,
    },
    OrdersConn,
};
use crate::{
    db::{self, Prepared, any, unnest},
    users::UserId,
};

/// How these customers stand, as far as we know them. None of them changes until the transaction ends.
pub(super) fn hold(
    conn: &mut OrdersConn<'_>,
    ids: &[UserId],
) -> Result<HashMap<UserId, Standing>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows: Vec<(Uuid, String)> = customers::table
        .filter(customers::id.eq_any(any(uuids)))
        // In one order, or two who hold could wait for each other.
        .order(customers::id)
        .select((customers::id, customers::standing))
        .for_share()
        .load(conn.pg())?;
    rows.into_iter()
        .map(|(id, word)| {
            let standing = Standing::from_word(&word).ok_or(db::Error::NOT_OURS)?;
            Ok((id.into(), standing))
        })
        .collect()
}

/// Those of the customers who may order. None of them changes until the transaction ends.
pub(super) fn hold_active(
    ids: Vec<Uuid>,
) -> impl Query<SqlType = (SqlUuid,)> + QueryFragment<Pg> + QueryId {
    customers::table
        .filter(customers::id.eq_any(any(ids)))
        .filter(customers::standing.eq(Standing::Active.word()))
        // As in `hold`.
        .order(customers::id)
        .select((customers::id,))
        .for_share()
}

/// Takes note of customers. What is older than what we know is passed over; returns the version of each that was not.
pub(super) fn note(
    conn: &mut OrdersConn<'_>,
    noted: &[Customer],
) -> Result<HashMap<UserId, i64>, db::Error> {
    // Beside the prelude's own `filter`, this one would be ambiguous everywhere else.
    use diesel::query_dsl::methods::FilterDsl as _;

    // One row for each, and in one order.
    let mut newest: BTreeMap<UserId, &Customer> = BTreeMap::new();
    for customer in noted {
        let known = newest.entry(customer.id).or_insert(customer);
        if known.version < customer.version {
            *known = customer;
        }
    }
    let ids: Vec<Uuid> = newest.keys().map(|id| id.uuid()).collect();
    let newest = || newest.values();
    let versions: Vec<i64> = newest().map(|customer| customer.version).collect();
    let standings: Vec<&str> = newest().map(|customer| customer.standing.word()).collect();
    let note = diesel::select((unnest(ids), unnest(versions), unnest(standings)))
        .insert_into(customers::table)
        .into_columns((customers::id, customers::version, customers::standing))
        .on_conflict(customers::id)
        .do_update()
        .set((
            customers::version.eq(excluded(customers::version)),
            customers::standing.eq(excluded(customers::standing)),
        ))
        .filter(customers::version.lt(excluded(customers::version)))
        .returning((customers::id, customers::version));
    let noted: Vec<(Uuid, i64)> = Prepared(note).load(conn.pg())?;
    Ok(noted
        .into_iter()
        .map(|(id, version)| (id.into(), version))
        .collect())
}

/// Remembers customers of whom users told us before the feed did.
pub(in crate::orders) fn remember(
    conn: &mut OrdersConn<'_>,
    customers: &[Customer],
) -> Result<Vec<()>, db::Error> {
    note(conn, customers)?;
    Ok(vec![(); customers.len()])
}

/// Forgets at most `most` customers whose id comes after `last`, in the order of their ids, and returns the last of them.
pub(in crate::orders) fn forget(
    conn: &mut OrdersConn<'_>,
    last: Option<UserId>,
    most: i64,
) -> Result<Option<UserId>, db::Error> {
    let uuids: Vec<Uuid> = customers::table
        .filter(customers::id.gt(last.map_or(Uuid::nil(), UserId::uuid)))
        .order(customers::id)
        .limit(most)
        .select(customers::id)
        .for_update()
        .load(conn.pg())?;
    let last = uuids.last().copied();
    diesel::delete(customers::table.filter(customers::id.eq_any(uuids))).execute(conn.pg())?;
    Ok(last.map(UserId::from))
}
