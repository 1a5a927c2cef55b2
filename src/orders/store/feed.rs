//! Reading the feed of users: our place in it, what its facts do to us, and the facts that we could not apply.

use std::time::Duration;

use diesel::{dsl::now, prelude::*};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        model::{Customer, Standing},
        schema::orders::{feed_cursors, set_aside},
    },
    OrdersConn, closings, customers, orders,
};
use crate::{
    db::{self, fault},
    users::{self, Event, Fact},
};

/// Whose feed we read.
pub(in crate::orders) const FEED: &str = users::SERVICE.name();
/// The first and the longest time until a fact that was set aside is tried again.
const FIRST_DELAY: Duration = Duration::from_secs(1);
const LONGEST_DELAY: Duration = Duration::from_hours(1);

#[derive(Insertable)]
#[diesel(table_name = set_aside)]
struct NewSetAsideRow<'a> {
    feed: &'static str,
    position: i64,
    customer_id: Uuid,
    version: i64,
    standing: &'a str,
    failure: &'a str,
    next_try_at: Timestamp,
}

/// Our place: the last fact that was applied.
pub(in crate::orders) fn position(conn: &mut OrdersConn<'_>) -> Result<i64, db::Error> {
    let position = feed_cursors::table
        .find(FEED)
        .select(feed_cursors::position)
        .first(conn.pg())
        .optional()?;
    if let Some(position) = position {
        return Ok(position);
    }
    diesel::insert_into(feed_cursors::table)
        .values((
            feed_cursors::feed.eq(FEED),
            feed_cursors::position.eq(0),
            feed_cursors::furthest.eq(0),
        ))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(0)
}

/// Applies facts and moves our place past them, in one transaction. A `failure` is known beforehand: then the facts are set
/// aside. Returns the new place, or `None` when another process has moved on from `after`, or is about to.
pub(in crate::orders) fn follow(
    conn: &mut OrdersConn<'_>,
    after: i64,
    events: &[Event],
    failure: Option<&db::Error>,
) -> Result<Option<i64>, db::Error> {
    let last = events.last().map_or(after, |event| event.position);
    let furthest: Option<i64> = feed_cursors::table
        .find(FEED)
        .filter(feed_cursors::position.eq(after))
        .select(feed_cursors::furthest)
        .for_update()
        .skip_locked()
        .first(conn.pg())
        .optional()?;
    let Some(furthest) = furthest else {
        return Ok(None);
    };
    if let Some(failure) = failure {
        put_aside(conn, events, &failure.to_string())?;
    } else {
        let (understood, strange) = understand(events);
        put_aside(conn, &strange, UNKNOWN_STANDING)?;
        apply(conn, &understood)?;
        // While the feed is read again the copy is behind what we did, and an old wish to leave looks like a new one.
        if after >= furthest {
            closings::decide(conn, Some(&of_standing(&understood, Standing::Closing)))?;
        } else if last >= furthest {
            closings::decide(conn, None)?;
        }
    }
    diesel::update(feed_cursors::table.find(FEED))
        .set((
            feed_cursors::position.eq(last),
            feed_cursors::furthest.eq(furthest.max(last)),
        ))
        .execute(conn.pg())?;
    fault::point("follow-uncommitted");
    Ok(Some(last))
}

const UNKNOWN_STANDING: &str = "the standing is none that this program knows";

/// Tells facts that we understand from those that we do not.
fn understand(events: &[Event]) -> (Vec<Customer>, Vec<Event>) {
    let mut understood = Vec::new();
    let mut strange = Vec::new();
    for event in events {
        match Customer::from_fact(&event.fact) {
            Some(customer) => understood.push(customer),
            None => strange.push(event.clone()),
        }
    }
    (understood, strange)
}

/// Brings the copy up to date, and does what follows from it whenever it is read.
fn apply(conn: &mut OrdersConn<'_>, facts: &[Customer]) -> Result<(), db::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let noted = customers::note(conn, facts)?;

    // The feed shows what became of our answers. A registration asks for none.
    let changed: Vec<Customer> = facts
        .iter()
        .filter(|customer| customer.version > 1)
        .copied()
        .collect();
    if !changed.is_empty() {
        closings::arrived(conn, &changed)?;
    }
    let is_noted = |customer: &&Customer| noted.get(&customer.id) == Some(&customer.version);
    let news: Vec<Customer> = facts.iter().filter(is_noted).copied().collect();
    let gone = of_standing(&news, Standing::Closed);
    if !gone.is_empty() {
        orders::let_go(conn, &gone)?;
    }
    Ok(())
}

fn of_standing(facts: &[Customer], wanted: Standing) -> Vec<Uuid> {
    facts
        .iter()
        .filter(|customer| customer.standing == wanted)
        .map(|customer| customer.id.uuid())
        .collect()
}

/// Puts facts where an operator sees them and where they hold up nobody.
fn put_aside<'e>(
    conn: &mut OrdersConn<'_>,
    events: &'e [Event],
    failure: &'e str,
) -> Result<(), db::Error> {
    if events.is_empty() {
        return Ok(());
    }
    let next_try_at = Timestamp::from(conn.now()? + FIRST_DELAY);
    let row = |event: &'e Event| {
        tracing::error!(
            feed = FEED,
            position = event.position,
            "a fact is set aside: {failure}"
        );
        NewSetAsideRow {
            feed: FEED,
            position: event.position,
            customer_id: event.fact.user_id.uuid(),
            version: event.fact.version,
            standing: &event.fact.standing,
            failure,
            next_try_at,
        }
    };
    let rows: Vec<_> = events.iter().map(row).collect();
    diesel::insert_into(set_aside::table)
        .values(rows)
        // It may be there already, when the feed is read again.
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(())
}

/// How many facts are set aside.
pub(in crate::orders) fn count_set_aside(conn: &mut OrdersConn<'_>) -> Result<i64, db::Error> {
    Ok(set_aside::table.count().get_result(conn.pg())?)
}

/// At most `most` facts that were set aside and are due, the oldest first, or all if they need not be due.
pub(in crate::orders) fn set_aside(
    conn: &mut OrdersConn<'_>,
    due: bool,
    most: i64,
) -> Result<Vec<i64>, db::Error> {
    let mut query = set_aside::table
        .filter(set_aside::feed.eq(FEED))
        .order(set_aside::position)
        .limit(most)
        .select(set_aside::position)
        .into_boxed();
    if due {
        query = query.filter(set_aside::next_try_at.le(now));
    }
    Ok(query.load(conn.pg())?)
}

/// Applies one fact that was set aside, which then is aside no more. Nothing to do when another process did it.
pub(in crate::orders) fn retry(conn: &mut OrdersConn<'_>, position: i64) -> Result<(), db::Error> {
    // Who reads the feed waits, so that no two decide on one customer.
    let (place, furthest): (i64, i64) = feed_cursors::table
        .find(FEED)
        .select((feed_cursors::position, feed_cursors::furthest))
        .for_update()
        .first(conn.pg())?;
    let row: Option<(Uuid, i64, String)> = set_aside::table
        .find((FEED, position))
        .select((
            set_aside::customer_id,
            set_aside::version,
            set_aside::standing,
        ))
        .for_update()
        .first(conn.pg())
        .optional()?;
    let Some((customer, version, standing)) = row else {
        return Ok(());
    };
    let fact = Fact {
        user_id: customer.into(),
        version,
        standing,
    };
    let customer = Customer::from_fact(&fact).ok_or(db::Error::Failed(UNKNOWN_STANDING))?;
    apply(conn, &[customer])?;
    diesel::delete(set_aside::table.find((FEED, position))).execute(conn.pg())?;
    if place >= furthest {
        closings::decide(conn, None)?;
    }
    Ok(())
}

/// Takes note of a fact that failed again; the next try is twice as far away.
pub(in crate::orders) fn postpone(
    conn: &mut OrdersConn<'_>,
    position: i64,
    failure: &db::Error,
) -> Result<(), db::Error> {
    let attempts: Option<i32> = set_aside::table
        .find((FEED, position))
        .select(set_aside::attempts)
        .for_update()
        .first(conn.pg())
        .optional()?;
    let Some(attempts) = attempts else {
        return Ok(());
    };
    let doubled = 1 << attempts.clamp(0, 20);
    let delay = FIRST_DELAY.saturating_mul(doubled).min(LONGEST_DELAY);
    let next_try_at = Timestamp::from(conn.now()? + delay);
    diesel::update(set_aside::table.find((FEED, position)))
        .set((
            set_aside::attempts.eq(attempts + 1),
            set_aside::failure.eq(failure.to_string()),
            set_aside::next_try_at.eq(next_try_at),
        ))
        .execute(conn.pg())?;
    Ok(())
}

/// The last fact that was ever applied.
pub(in crate::orders) fn furthest(conn: &mut OrdersConn<'_>) -> Result<i64, db::Error> {
    position(conn)?;
    Ok(feed_cursors::table
        .find(FEED)
        .select(feed_cursors::furthest)
        .first(conn.pg())?)
}

/// Goes back to the beginning of the feed. When it was restored from a backup, it ends at `restored_to`, before what we have
/// applied: what it tells from there on will be news, and what we answered it never asked.
pub(in crate::orders) fn rewind(
    conn: &mut OrdersConn<'_>,
    restored_to: Option<i64>,
) -> Result<(), db::Error> {
    let cursor = feed_cursors::table.find(FEED);
    diesel::update(cursor)
        .set(feed_cursors::position.eq(0))
        .execute(conn.pg())?;
    if let Some(head) = restored_to {
        diesel::update(cursor)
            .set(feed_cursors::furthest.eq(head))
            .execute(conn.pg())?;
        closings::forget_all(conn)?;
    }
    Ok(())
}
