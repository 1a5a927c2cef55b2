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
    superseded: bool,
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
        .values((feed_cursors::feed.eq(FEED), feed_cursors::position.eq(0)))
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
    let cursor = feed_cursors::table.find(FEED);
    let is_our_turn = cursor
        .filter(feed_cursors::position.eq(after))
        .select(feed_cursors::feed)
        .for_update()
        .skip_locked()
        .first::<String>(conn.pg())
        .optional()?;
    if is_our_turn.is_none() {
        return Ok(None);
    }
    if let Some(failure) = failure {
        put_aside(conn, events, &failure.to_string())?;
    } else {
        let (understood, strange) = understand(events);
        put_aside(conn, &strange, UNKNOWN_STANDING)?;
        apply(conn, &understood)?;
    }
    diesel::update(cursor)
        .set(feed_cursors::position.eq(last))
        .execute(conn.pg())?;
    fault::point("follow-uncommitted");
    Ok(Some(last))
}

const UNKNOWN_STANDING: &str = "the standing is none that this program knows";

/// A customer as a fact shows them, and whether it is the newest of its account.
type News = (Customer, bool);

/// Tells facts that we understand from those that we do not.
fn understand(events: &[Event]) -> (Vec<News>, Vec<Event>) {
    let mut understood = Vec::new();
    let mut strange = Vec::new();
    for event in events {
        match Customer::from_fact(&event.fact) {
            Some(customer) => understood.push((customer, !event.superseded)),
            None => strange.push(event.clone()),
        }
    }
    (understood, strange)
}

/// Brings the copy up to date, and does what follows from it.
fn apply(conn: &mut OrdersConn<'_>, facts: &[News]) -> Result<(), db::Error> {
    if facts.is_empty() {
        return Ok(());
    }
    let told: Vec<Customer> = facts.iter().map(|(customer, _)| *customer).collect();
    let noted = customers::note(conn, &told)?;
    let of_standing = |wanted: Standing| {
        let noted = &noted;
        facts.iter().filter(move |(customer, _)| {
            customer.standing == wanted && noted.get(&customer.id) == Some(&customer.version)
        })
    };

    // The feed shows what became of our answers. A registration asks for none.
    let changed: Vec<Customer> = told
        .iter()
        .filter(|customer| customer.version > 1)
        .copied()
        .collect();
    if !changed.is_empty() {
        closings::arrived(conn, &changed)?;
    }
    // A wish to leave stays the newest fact until we have answered it. When the feed is read again, one that was refused long ago must
    // not cancel today's orders.
    let leaving: Vec<Customer> = of_standing(Standing::Closing)
        .filter(|(_, is_newest)| *is_newest)
        .map(|(customer, _)| *customer)
        .collect();
    if !leaving.is_empty() {
        closings::decide(conn, &leaving)?;
    }
    let gone: Vec<Uuid> = of_standing(Standing::Closed)
        .map(|(customer, _)| customer.id.uuid())
        .collect();
    if !gone.is_empty() {
        orders::leave_nothing(conn, &gone)?;
    }
    Ok(())
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
            superseded: event.superseded,
            failure,
            next_try_at,
        }
    };
    let rows: Vec<_> = events.iter().map(row).collect();
    diesel::insert_into(set_aside::table)
        .values(rows)
        // It may be there already, when the feed is read again; then what stands there is right.
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

/// Applies one fact that was set aside, which then is aside no more. Nothing to do when another process is at it.
pub(in crate::orders) fn retry(conn: &mut OrdersConn<'_>, position: i64) -> Result<(), db::Error> {
    let row: Option<(Uuid, i64, String, bool)> = set_aside::table
        .find((FEED, position))
        .select((
            set_aside::customer_id,
            set_aside::version,
            set_aside::standing,
            set_aside::superseded,
        ))
        .for_update()
        .skip_locked()
        .first(conn.pg())
        .optional()?;
    let Some((customer, version, standing, superseded)) = row else {
        return Ok(());
    };
    let fact = Fact {
        user_id: customer.into(),
        version,
        standing,
    };
    let customer = Customer::from_fact(&fact).ok_or(db::Error::Failed(UNKNOWN_STANDING))?;
    apply(conn, &[(customer, !superseded)])?;
    diesel::delete(set_aside::table.find((FEED, position))).execute(conn.pg())?;
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

/// Goes back to the beginning of the feed.
pub(in crate::orders) fn rewind(conn: &mut OrdersConn<'_>) -> Result<(), db::Error> {
    diesel::update(feed_cursors::table.find(FEED))
        .set(feed_cursors::position.eq(0))
        .execute(conn.pg())?;
    Ok(())
}
