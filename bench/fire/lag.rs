//! How long a fact takes from its commit to its effect, as two administrators see it who look a hundred times a second.

use std::{
    collections::VecDeque,
    fmt, thread,
    time::{Duration, Instant},
};

use postgres::Client;

use super::Run;

const LOOK: Duration = Duration::from_millis(10);
/// How long after a kill the times say more about the kill.
const AFTER_A_KILL: Duration = Duration::from_secs(3);

/// The time of each fact that was seen before its effect was.
#[derive(Default)]
pub(crate) struct Lag {
    all: Vec<Duration>,
    calm: Vec<Duration>,
}

/// Looks until the run is over.
pub(crate) fn watch(run: &Run) -> Lag {
    let mut lag = Lag::default();
    let mut waiting = VecDeque::new();
    while !run.is_over() {
        // Twice until PostgreSQL is killed, and then again.
        if let (Ok(head), Ok(cursor)) = (run.house.admin(), run.house.admin()) {
            let _ = lag.look(run, head, cursor, &mut waiting);
        }
        thread::sleep(LOOK);
    }
    lag
}

impl Lag {
    fn look(
        &mut self,
        run: &Run,
        mut head: Client,
        mut cursor: Client,
        waiting: &mut VecDeque<(i64, Instant)>,
    ) -> Result<(), postgres::Error> {
        const HEAD: &str = "SELECT position FROM users.feed_head";
        const CURSOR: &str =
            "SELECT coalesce(max(position), 0) FROM orders.feed_cursors WHERE feed = 'users'";
        let mut newest: i64 = head.query_one(HEAD, &[])?.get(0);
        while !run.is_over() {
            let now = Instant::now();
            let position = head.query_one(HEAD, &[])?.get(0);
            if position > newest {
                waiting.push_back((position, now));
                newest = position;
            }
            let applied: i64 = cursor.query_one(CURSOR, &[])?.get(0);
            let now = Instant::now();
            while let Some((_, then)) = waiting.pop_front_if(|(position, _)| *position <= applied) {
                self.all.push(now - then);
                if !run.house.killed_since(then, AFTER_A_KILL) {
                    self.calm.push(now - then);
                }
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }
}

impl fmt::Display for Lag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (what, times) in [("lag", &self.all), ("lag, no kill", &self.calm)] {
            let mut times: Vec<_> = times.iter().map(Duration::as_millis).collect();
            times.sort_unstable();
            let at = |percent: usize| times[(times.len() - 1) * percent / 100];
            write!(f, "{what:15}")?;
            if times.is_empty() {
                writeln!(f, "not measured")?;
            } else {
                let (p50, p99, most) = (at(50), at(99), at(100));
                let count = times.len();
                writeln!(
                    f,
                    "p50 {p50} ms, p99 {p99} ms, longest {most} ms, of {count}"
                )?;
            }
        }
        Ok(())
    }
}
