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
    db::{self, Prepared, fault},
    users::{self, Event, Fact, Place},
};

/// Whose feed we read.
pub(in crate::orders) const FEED: &str = users::SERVICE.name();
/// Before the first fact.
pub(in crate::orders) const START: Place = Place {
    position: 0,
    at: None,
};
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
pub(in crate::orders) fn place(conn: &mut OrdersConn<'_>) -> Result<Place, db::Error> {
    let place: Option<(i64, Option<Timestamp>)> = feed_cursors::table
        .find(FEED)
        .select((feed_cursors::position, feed_cursors::at))
        .first(conn.pg())
        .optional()?;
    if let Some((position, at)) = place {
        let at = at.map(Timestamp::to_jiff);
        return Ok(Place { position, at });
    }
    diesel::insert_into(feed_cursors::table)
        .values((feed_cursors::feed.eq(FEED), feed_cursors::position.eq(0)))
        .on_conflict_do_nothing()
        .execute(conn.pg())?;
    Ok(START)
}

/// Applies facts and moves our place past them, in one transaction. A `failure` is known beforehand: then the facts are set
/// aside. Returns the new place, or `None` when another process has moved on from `after`, or is about to.
pub(in crate::orders) fn follow(
    conn: &mut OrdersConn<'_>,
    after: i64,
    events: &[Event],
    failure: Option<&db::Error>,
) -> Result<Option<i64>, db::Error> {
    let Some(last) = events.last() else {
        return Ok(Some(after));
    };
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
    let cursor_moves = diesel::update(cursor).set((
        feed_cursors::position.eq(last.position),
        feed_cursors::at.eq(Timestamp::from(last.at)),
    ));
    Prepared(cursor_moves).execute(conn.pg())?;
    fault::point("follow-uncommitted");
    Ok(Some(last.position))
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

    let (mut leaving, mut gone) = (Vec::new(), Vec::new());
    for (customer, is_newest) in facts {
        if noted.get(&customer.id) != Some(&customer.version) {
            continue;
        }
        match customer.standing {
            // A wish to leave stays the newest fact until we have answered it. When the feed is read again, one that was
            // refused long ago must not cancel today's orders.
            Standing::Closing if *is_newest => leaving.push(*customer),
            Standing::Closed => gone.push(customer.id.uuid()),
            Standing::Active | Standing::Closing => {}
        }
    }
    // The feed shows what became of our answers. A registration asks for none.
    let changed: Vec<Customer> = told
        .into_iter()
        .filter(|customer| customer.version > 1)
        .collect();
    if !changed.is_empty() {
        closings::arrived(conn, &changed)?;
    }
    if !leaving.is_empty() {
        closings::decide(conn, &leaving)?;
    }
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
        .execute(conn.pg())?;
    Ok(())
}

/// How many facts are set aside.
pub(in crate::orders) fn count_set_aside(conn: &mut OrdersConn<'_>) -> Result<i64, db::Error> {
    Ok(set_aside::table.count().get_result(conn.pg())?)
}

/// The places of at most `most` facts that were set aside and are due, the oldest first.
pub(in crate::orders) fn due(conn: &mut OrdersConn<'_>, most: i64) -> Result<Vec<i64>, db::Error> {
    Ok(set_aside::table
        .filter(set_aside::feed.eq(FEED))
        .filter(set_aside::next_try_at.le(now))
        .order(set_aside::position)
        .limit(most)
        .select(set_aside::position)
        .load(conn.pg())?)
}

/// The places of all facts that were set aside, the oldest first.
pub(in crate::orders) fn all_set_aside(conn: &mut OrdersConn<'_>) -> Result<Vec<i64>, db::Error> {
    Ok(set_aside::table
        .filter(set_aside::feed.eq(FEED))
        .order(set_aside::position)
        .select(set_aside::position)
        .load(conn.pg())?)
}

/// Applies one fact that was set aside, which then is aside no more; `false` when another process is at it, or was.
pub(in crate::orders) fn retry(
    conn: &mut OrdersConn<'_>,
    position: i64,
) -> Result<bool, db::Error> {
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
        return Ok(false);
    };
    let fact = Fact {
        user_id: customer.into(),
        version,
        standing,
    };
    let customer = Customer::from_fact(&fact).ok_or(db::Error::Failed(UNKNOWN_STANDING))?;
    apply(conn, &[(customer, !superseded)])?;
    diesel::delete(set_aside::table.find((FEED, position))).execute(conn.pg())?;
    Ok(true)
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

/// Goes back to the beginning of the feed. What was set aside and what was answered follows from the feed as well, and may be of
/// one that is no more.
pub(in crate::orders) fn rewind(conn: &mut OrdersConn<'_>) -> Result<(), db::Error> {
    place(conn)?;
    diesel::update(feed_cursors::table.find(FEED))
        .set((
            feed_cursors::position.eq(START.position),
            feed_cursors::at.eq(None::<Timestamp>),
        ))
        .execute(conn.pg())?;
    diesel::delete(set_aside::table.filter(set_aside::feed.eq(FEED))).execute(conn.pg())?;
    closings::forget_all(conn)
}
