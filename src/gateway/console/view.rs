//! What the console shows, gathered at once: whatever becomes of a database, nobody waits for it here.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures_util::future::{join, join_all};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    figures::Figures,
    history::{History, Requests, Runs},
    matrix::Matrix,
};
use crate::{
    db::{Ailment, Look, Service, audit::Finding},
    http::{Door, Reading},
};

/// The longest that a service is waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a fact may wait for its reader before the page speaks of it.
const LATE: Duration = Duration::from_secs(10);

/// All that the console shows.
pub(super) struct View {
    pub(super) at: Timestamp,
    pub(super) services: Vec<Standing>,
    pub(super) matrix: Matrix,
    /// Every breach that any service's look found, once.
    pub(super) findings: Vec<Finding>,
    pub(super) readers: Vec<Reader>,
    /// What each service was asked, and the gateway, in the order of the services.
    pub(super) requests: Vec<(String, Requests)>,
    pub(super) in_flight: Option<f64>,
    pub(super) batches: Vec<Batch>,
}

/// How one service stands.
pub(super) struct Standing {
    pub(super) service: Service,
    pub(super) health: Health,
    pub(super) look: Option<Arc<Look>>,
    pub(super) pool: Option<Pool>,
}

/// What a service's database has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Up,
    Breached,
    Down,
    /// Nothing, within [`PATIENCE`].
    Silent,
}

/// The connections of a service.
#[derive(Clone, Copy)]
pub(super) struct Pool {
    pub(super) used: f64,
    pub(super) idle: f64,
    pub(super) max: f64,
}

/// A service that reads a feed.
pub(super) struct Reader {
    pub(super) name: &'static str,
    /// How far it has come, and when it said so, which is the last time that it could; `None` when it never could.
    pub(super) reading: Option<(Timestamp, Reading)>,
    /// Whether it cannot tell now.
    pub(super) is_silent: bool,
}

/// What each reader said last.
#[derive(Default)]
pub(super) struct Sayings(Mutex<BTreeMap<&'static str, (Timestamp, Reading)>>);

/// The runs of one batch.
pub(super) struct Batch {
    pub(super) service: String,
    pub(super) name: String,
    pub(super) runs: Runs,
    pub(super) waiting: Option<f64>,
}

/// How well it all is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Good,
    Warn,
    Bad,
}

impl View {
    pub(super) async fn gather(
        doors: &[Box<dyn Door>],
        figures: &Figures,
        history: &History,
        sayings: &Sayings,
    ) -> Self {
        let (health, readers) = join(healths(doors), sayings.ask(doors)).await;
        let services: Vec<Standing> = doors
            .iter()
            .zip(health)
            .map(|(door, health)| Standing {
                service: door.service(),
                health,
                look: door.last_look(),
                pool: Pool::of(door.name(), figures),
            })
            .collect();
        let looks: Vec<_> = services
            .iter()
            .map(|standing| (standing.service, standing.look.clone()))
            .collect();
        let seen = services.iter().filter_map(|one| one.look.as_ref());
        let mut findings: Vec<Finding> = seen.flat_map(|look| look.findings.clone()).collect();
        findings.sort();
        findings.dedup();

        // The services in their order, then the gateway.
        let place = |name: &str| doors.iter().position(|door| door.name() == name);
        let order = |name: &str| place(name).unwrap_or(doors.len());
        let mut requests = history.requests();
        for door in doors {
            requests.entry(door.name().to_owned()).or_default();
        }
        let mut requests: Vec<_> = requests.into_iter().collect();
        requests.sort_by_key(|(service, _)| order(service));
        let mut batches: Vec<Batch> = history
            .runs()
            .into_iter()
            .map(|((service, name), runs)| Batch {
                waiting: figures.gauge(
                    "batch_queue_length",
                    &[("service", &service), ("batch", &name)],
                ),
                service,
                name,
                runs,
            })
            .collect();
        batches.sort_by_key(|batch| order(&batch.service));
        Self {
            at: Timestamp::now(),
            matrix: Matrix::new(&looks),
            services,
            findings,
            readers,
            requests,
            in_flight: figures.gauge("http_requests_in_flight", &[]),
            batches,
        }
    }

    /// How it all is, in a sentence, and what to look at. No number that changes while nothing happens: it is read aloud.
    pub(super) fn verdict(&self) -> (Level, String, String) {
        let named = |health: &dyn Fn(&Standing) -> bool| -> Vec<&'static str> {
            let meant = self.services.iter().filter(|standing| health(standing));
            meant.map(|standing| standing.service.name()).collect()
        };
        let breached = named(&|one| one.health == Health::Breached);
        let away = named(&|one| matches!(one.health, Health::Down | Health::Silent));
        let unseen = named(&|one| one.look.is_none());
        let troubled: Vec<&str> = self
            .readers
            .iter()
            .filter(|reader| reader.level() != Level::Good)
            .map(|reader| reader.name)
            .collect();
        let away_too = if away.is_empty() {
            String::new()
        } else {
            format!(" {} cannot reach its data.", list(&away))
        };
        if !breached.is_empty() {
            let seen = match self.findings.len() {
                0 => "A database refuses a question of the audit",
                1 => "There is a finding",
                _ => "There are findings",
            };
            let whose = list(&breached);
            let detail =
                format!("{seen}, as {whose} can see. The command audit says what to do.{away_too}");
            (Level::Bad, "A wall is breached.".to_owned(), detail)
        } else if !away.is_empty() {
            let verb = if away.len() == 1 { "does" } else { "do" };
            let title = format!("{} {verb} not answer.", list(&away));
            let seen = if unseen.is_empty() {
                "The walls held when they were last looked at."
            } else {
                "What was not looked at is not served."
            };
            (Level::Bad, title, seen.to_owned())
        } else if !troubled.is_empty() {
            let title = "A feed does not get through.".to_owned();
            let whom = format!(
                "{} is late, has set facts aside, or cannot tell. Every wall holds and every service answers.",
                list(&troubled)
            );
            (Level::Warn, title, whom)
        } else {
            let title = "Every wall holds.".to_owned();
            let all = "Every service answers, and its last look found no way across.";
            (Level::Good, title, all.to_owned())
        }
    }
}

impl Reader {
    pub(super) fn level(&self) -> Level {
        let is_well = |(_, reading): &(_, Reading)| {
            let is_late = reading.behind.is_none_or(|(_, waited)| waited > LATE);
            !(reading.is_another || reading.set_aside > 0 || is_late)
        };
        if !self.is_silent && self.reading.as_ref().is_some_and(is_well) {
            Level::Good
        } else {
            Level::Warn
        }
    }
}

impl Pool {
    fn of(service: &str, figures: &Figures) -> Option<Self> {
        let connections = |state| {
            let labels = [("service", service), ("state", state)];
            figures.gauge("pool_connections", &labels)
        };
        Some(Self {
            used: connections("used")?,
            idle: connections("idle")?,
            max: figures.gauge("pool_connections_max", &[("service", service)])?,
        })
    }
}

async fn healths(doors: &[Box<dyn Door>]) -> Vec<Health> {
    let checks = doors
        .iter()
        .map(async |door| match timeout(PATIENCE, door.check()).await {
            Ok(Ok(())) => Health::Up,
            Ok(Err(Ailment::Breached)) => Health::Breached,
            Ok(Err(Ailment::Down)) => Health::Down,
            // A breach is known without an answer.
            Err(_elapsed) if is_breached(&**door) => Health::Breached,
            Err(_elapsed) => Health::Silent,
        });
    join_all(checks).await
}

impl Sayings {
    /// Asks each reader how far it has come.
    async fn ask(&self, doors: &[Box<dyn Door>]) -> Vec<Reader> {
        let readers = doors
            .iter()
            .filter_map(|door| Some((door.name(), door.reader()?)));
        let readings = readers.map(async |(name, reader)| {
            let reading = timeout(PATIENCE, reader.reading()).await;
            self.note(name, reading.ok().and_then(Result::ok))
        });
        join_all(readings).await
    }

    fn note(&self, name: &'static str, reading: Option<Reading>) -> Reader {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reading) = reading {
            last.insert(name, (Timestamp::now(), reading));
        }
        Reader {
            name,
            reading: last.get(name).copied(),
            is_silent: reading.is_none(),
        }
    }
}

fn is_breached(door: &dyn Door) -> bool {
    door.last_look()
        .is_some_and(|look| !look.findings.is_empty())
}

/// Names, as in a sentence.
fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
