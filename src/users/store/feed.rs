//! The feed: facts about accounts, in the order of their commits.
//!
//! A place in the feed is taken from the one row of `feed_head`, whose lock is held until commit. So places are gapless and
//! in commit order, and whoever has read up to one has missed nothing before it; an identity column promises neither.
//! Of old facts only the newest of each account is kept (the idea is log compaction, as in Apache Kafka), so a reader who
//! begins at 0 always learns how every account stands.

use std::time::Duration;

use diesel::{
    dsl::{exists, now, row_number},
    pg::Pg,
    prelude::*,
    query_builder::{QueryFragment, QueryId},
    sql_types::{Bool, Timestamptz},
    upsert::excluded,
};
use jiff::SignedDuration;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        model::{Backlog, Event, Fact, Place},
        schema::users::{events, feed_head, feed_readers},
    },
    UsersConn,
};
use crate::{
    db::{self, Part, Unread, unnest},
    http::Origin,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = events, check_for_backend(diesel::pg::Pg))]
struct EventRow {
    position: i64,
    user_id: Uuid,
    version: i64,
    standing: String,
    at: Timestamp,
    superseded_at: Option<Timestamp>,
}

/// What is written of a fact; the rest comes by itself or later.
const WRITTEN: (
    events::position,
    events::user_id,
    events::version,
    events::standing,
    events::subject,
    events::request_id,
) = (
    events::position,
    events::user_id,
    events::version,
    events::standing,
    events::subject,
    events::request_id,
);

/// The parts of a statement that append the facts of the accounts that it makes: see [`made`] and [`origins`].
pub(super) fn appended() -> impl QueryFragment<Pg> + QueryId {
    let count = made::table.count().single_value().assume_not_null();
    // None are made when all addresses are taken.
    let any_made = exists(made::table.select(made::id));
    let head_moves = diesel::update(feed_head::table.filter(any_made))
        .set(feed_head::position.eq(feed_head::position + count))
        .returning(feed_head::position);
    let facts = made::table
        .inner_join(origins::table.on(origins::id.eq(made::id)))
        .inner_join(head::table.on(true.into_sql::<Bool>()))
        .select((
            head::position - row_number().window_order(made::id.desc()) + 1,
            made::id,
            made::version,
            made::standing,
            origins::subject,
            origins::request_id,
        ))
        .insert_into(events::table)
        .into_columns(WRITTEN);
    (Part(head::table, head_moves), Unread(facts))
}

db::names! {
    /// Where changes come from.
    origins (id) {
        id -> Uuid,
        subject -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
    /// The accounts that the statement makes.
    made (id) {
        id -> Uuid,
        version -> BigInt,
        standing -> Text,
    }
    /// The place of the last of their facts.
    head (position) {
        position -> BigInt,
    }
}
diesel::allow_tables_to_appear_in_same_query!(origins, made, head, feed_head);

/// Appends facts of changed accounts, in their order, each with what it comes from. Call it last in a transaction: whoever appends
/// next waits for the commit, and a lock that is taken after this one could wait for somebody who waits for this one.
pub(super) fn append(conn: &mut UsersConn<'_>, facts: &[(Fact, &Origin)]) -> Result<(), db::Error> {
    let (facts, origins): (Vec<&Fact>, Vec<&Origin>) =
        facts.iter().map(|(fact, origin)| (fact, *origin)).unzip();
    let count = i64::try_from(facts.len()).map_err(|_| db::Error::Failed("too many facts"))?;
    if count == 0 {
        return Ok(());
    }
    let ids: Vec<Uuid> = facts.iter().map(|fact| fact.user_id.uuid()).collect();
    let superseded = events::user_id
        .eq_any(ids.clone())
        .and(events::superseded_at.is_null());
    diesel::update(events::table.filter(superseded))
        .set(events::superseded_at.eq(now.into_sql::<Timestamptz>().nullable()))
        .execute(conn.pg())?;
    let head: i64 = diesel::update(feed_head::table)
        .set(feed_head::position.eq(feed_head::position + count))
        .returning(feed_head::position)
        .get_result(conn.pg())?;
    let positions: Vec<i64> = (head - count + 1..=head).collect();
    let versions: Vec<i64> = facts.iter().map(|fact| fact.version).collect();
    let standings: Vec<&str> = facts.iter().map(|fact| &*fact.standing).collect();
    let subjects: Vec<_> = origins
        .iter()
        .map(|origin| origin.subject.as_deref())
        .collect();
    let requests: Vec<_> = origins
        .iter()
        .map(|origin| origin.request_id.as_deref())
        .collect();
    diesel::select((
        unnest(positions),
        unnest(ids),
        unnest(versions),
        unnest(standings),
        unnest(subjects),
        unnest(requests),
    ))
    .insert_into(events::table)
    .into_columns(WRITTEN)
    .execute(conn.pg())?;
    Ok(())
}

/// At most `limit` facts after a place, the oldest first; `None` when this is not the feed that the place is in any more, because
/// the database was restored from a backup.
pub(in crate::users) fn read_on(
    conn: &mut UsersConn<'_>,
    from: Place,
    limit: i64,
) -> Result<Option<Vec<Event>>, db::Error> {
    let mut events = read(conn, from.position - 1, limit + 1)?;
    let own = events
        .first()
        .filter(|event| event.position == from.position)
        .map(|event| event.at);
    let is_the_same = match own {
        Some(at) => from.at.is_none_or(|then| then == at),
        // Nothing is there: it was pruned, or the feed ends before.
        None => !events.is_empty() || head(conn)? >= from.position,
    };
    if own.is_some() {
        events.remove(0);
    }
    events.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(is_the_same.then_some(events))
}

/// At most `limit` facts after a place, the oldest first.
pub(in crate::users) fn read(
    conn: &mut UsersConn<'_>,
    after: i64,
    limit: i64,
) -> Result<Vec<Event>, db::Error> {
    let rows: Vec<EventRow> = events::table
        .filter(events::position.gt(after))
        .order(events::position)
        .limit(limit)
        .select(EventRow::as_select())
        .load(conn.pg())?;
    Ok(rows.into_iter().map(Event::from).collect())
}

/// How many facts follow a place, and since when the first of them waits; `None` as with [`read_on`].
pub(in crate::users) fn backlog(
    conn: &mut UsersConn<'_>,
    from: Place,
) -> Result<Option<Backlog>, db::Error> {
    let Some(waiting) = read_on(conn, from, 1)? else {
        return Ok(None);
    };
    let age = match waiting.first() {
        Some(event) => conn.now()?.duration_since(event.at),
        None => SignedDuration::ZERO,
    };
    Ok(Some(Backlog {
        facts: head(conn)? - from.position,
        age: Duration::try_from(age).unwrap_or_default(),
    }))
}

/// The place of the newest fact; 0 when there is none.
fn head(conn: &mut UsersConn<'_>) -> Result<i64, db::Error> {
    Ok(feed_head::table
        .select(feed_head::position)
        .first(conn.pg())?)
}

/// Takes note of how far somebody has read.
pub(in crate::users) fn note_reader(
    conn: &mut UsersConn<'_>,
    reader: &str,
    position: i64,
) -> Result<(), db::Error> {
    diesel::insert_into(feed_readers::table)
        .values((
            feed_readers::reader.eq(reader),
            feed_readers::position.eq(position),
        ))
        .on_conflict(feed_readers::reader)
        .do_update()
        .set((
            feed_readers::position.eq(excluded(feed_readers::position)),
            feed_readers::seen_at.eq(now),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// Deletes at most `most` facts that were superseded longer than `kept` ago and that every reader has passed; returns how many. The
/// fact at a reader's own place stays: the reader knows the feed by it.
pub(in crate::users) fn prune(
    conn: &mut UsersConn<'_>,
    kept: Duration,
    most: i64,
) -> Result<usize, db::Error> {
    let slowest: Option<i64> = feed_readers::table
        .select(diesel::dsl::min(feed_readers::position))
        .first(conn.pg())?;
    let then = Timestamp::from(conn.now()? - kept);
    let old: Vec<i64> = events::table
        .filter(events::superseded_at.lt(then))
        .filter(events::position.lt(slowest.unwrap_or(i64::MAX)))
        .order(events::superseded_at)
        .limit(most)
        .select(events::position)
        .load(conn.pg())?;
    Ok(diesel::delete(events::table.filter(events::position.eq_any(old))).execute(conn.pg())?)
}

impl From<EventRow> for Event {
    fn from(row: EventRow) -> Self {
        Self {
            position: row.position,
            fact: Fact {
                user_id: row.user_id.into(),
                version: row.version,
                standing: row.standing,
            },
            superseded: row.superseded_at.is_some(),
            at: row.at.into(),
        }
    }
}
