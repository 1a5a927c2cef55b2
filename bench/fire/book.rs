//! What the clients know: each thing that they attempted, each answer that settled it, and each answer that broke a promise.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use fastrand::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::locked;

/// What stands in front of each user's secret, so that it is found wherever it went.
pub(crate) const MARK: &str = "pii";

/// All that was attempted.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) users: Mutex<Vec<Arc<User>>>,
    pub(crate) orders: Mutex<Vec<Arc<Order>>>,
    pub(crate) findings: Findings,
    pub(crate) registrations: AtomicU64,
    pub(crate) retries: AtomicU64,
    pub(crate) replays: AtomicU64,
    pub(crate) hang_ups: AtomicU64,
    pub(crate) twins: AtomicU64,
    /// Unsure orders that were there in the end.
    pub(crate) recovered: AtomicU64,
}

/// An acknowledged user.
pub(crate) struct User {
    pub(crate) id: String,
    /// In the name and in the address, and nobody else's.
    pub(crate) secret: String,
    pub(crate) names: Mutex<Names>,
    /// Somebody asked to close the account.
    pub(crate) leaving: AtomicBool,
    /// That request was acknowledged.
    pub(crate) let_go: AtomicBool,
}

/// What a user may be called.
#[derive(Default)]
pub(crate) struct Names {
    pub(crate) last: String,
    /// A request without an answer may be carried out late.
    pub(crate) unsure: BTreeSet<String>,
}

/// An order, which somebody tried to place.
pub(crate) struct Order {
    /// The first item's SKU: tells two orders of one attempt even where the key does not.
    pub(crate) attempt: String,
    pub(crate) key: String,
    pub(crate) customer: Arc<User>,
    pub(crate) items: Vec<Item>,
    /// The first answer.
    pub(crate) placed: OnceLock<Placed>,
    pub(crate) refused: AtomicBool,
    /// A request without an answer may be carried out late, even after another was refused.
    pub(crate) is_unsure: AtomicBool,
    /// Each a set of [`Step`]s.
    pub(crate) tried: AtomicU8,
    pub(crate) done: AtomicU8,
}

/// An acknowledged order.
pub(crate) struct Placed {
    pub(crate) id: String,
    pub(crate) body: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) sku: String,
    pub(crate) quantity: i32,
    pub(crate) unit_price: i64,
}

/// What can be done to an order.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Cancel = 1,
    Ship = 2,
    Deliver = 4,
}

impl Book {
    pub(crate) fn is_empty(&self) -> bool {
        locked(&self.users).is_empty()
    }

    /// Any of the things or, as often, one of the newest, so that much happens to one at the same time.
    pub(crate) fn any<T>(things: &Mutex<Vec<Arc<T>>>, rng: &mut Rng) -> Option<Arc<T>> {
        const NEWEST: usize = 100;
        let things = locked(things);
        let first = if rng.bool() {
            things.len().saturating_sub(NEWEST)
        } else {
            0
        };
        rng.choice(&things[first..]).cloned()
    }

    pub(crate) fn short(&self) -> String {
        let (orders, retries) = (locked(&self.orders).len(), self.retries.load(Relaxed));
        format!("{orders} orders, {retries} retries")
    }
}

impl fmt::Display for Book {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, orders) = (locked(&self.users), locked(&self.orders));
        let count =
            |what: &dyn Fn(&Order) -> bool| orders.iter().filter(|order| what(order)).count();
        let placed = count(&|order| order.placed.get().is_some());
        let late = count(&|order| order.placed.get().is_some() && order.is_unsure.load(Relaxed));
        let refused = count(&|order| order.was_refused());
        writeln!(
            f,
            "orders         {} attempted, {placed} acknowledged ({late} not at the only try), {refused} refused, {} unsure, {} of these there",
            orders.len(),
            orders.len() - placed - refused,
            self.recovered.load(Relaxed),
        )?;
        let done = |step: Step| count(&|order| step.is_in(&order.done));
        writeln!(
            f,
            "steps          {} shipped, {} delivered, {} cancelled",
            done(Step::Ship),
            done(Step::Deliver),
            done(Step::Cancel),
        )?;
        let said = |flag: fn(&User) -> &AtomicBool| {
            users.iter().filter(|user| flag(user).load(Relaxed)).count()
        };
        writeln!(
            f,
            "users          {} attempted, {} acknowledged, {} asked to leave, {} heard",
            self.registrations.load(Relaxed),
            users.len(),
            said(|user| &user.leaving),
            said(|user| &user.let_go),
        )?;
        writeln!(
            f,
            "trouble        {} retries, {} hang-ups, {} requests sent twice, {} replays",
            self.retries.load(Relaxed),
            self.hang_ups.load(Relaxed),
            self.twins.load(Relaxed),
            self.replays.load(Relaxed),
        )
    }
}

impl User {
    pub(crate) fn new_secret() -> String {
        format!("{MARK}{}", Uuid::new_v4().simple())
    }

    pub(crate) fn may_be_called(&self, name: &str) -> bool {
        let names = locked(&self.names);
        names.last == name || names.unsure.contains(name)
    }
}

impl Order {
    pub(crate) fn invent(customer: Arc<User>, rng: &mut Rng) -> Self {
        let attempt = format!("ATTEMPT-{}", Uuid::new_v4().simple());
        let items = (0..rng.u32(1..=4)).map(|number| Item {
            sku: match number {
                0 => attempt.clone(),
                _ => format!("TEA-{}", rng.u32(1..1000)),
            },
            quantity: rng.i32(1..=12),
            unit_price: rng.i64(0..50_000),
        });
        Self {
            items: items.collect(),
            attempt,
            key: Uuid::new_v4().to_string(),
            customer,
            placed: OnceLock::new(),
            refused: AtomicBool::default(),
            is_unsure: AtomicBool::default(),
            tried: AtomicU8::default(),
            done: AtomicU8::default(),
        }
    }

    /// What is sent to place it.
    pub(crate) fn body(&self) -> Value {
        let items = self.items.iter().map(|item| {
            json!({ "sku": item.sku, "quantity": item.quantity, "unit_price": item.unit_price })
        });
        let items: Value = items.collect();
        json!({ "customer_id": self.customer.id, "currency": "EUR", "items": items })
    }

    pub(crate) fn total(&self) -> i64 {
        let lines = self.items.iter();
        lines
            .map(|item| i64::from(item.quantity) * item.unit_price)
            .sum()
    }

    pub(crate) fn was_refused(&self) -> bool {
        self.placed.get().is_none() && self.refused.load(Relaxed)
    }

    /// Whether it may stand at `status`, after all that was tried and all that was acknowledged.
    pub(crate) fn may_be(&self, status: &str) -> bool {
        let (tried, done) = (
            |step: Step| step.is_in(&self.tried),
            |step: Step| step.is_in(&self.done),
        );
        match status {
            "placed" => self.done.load(Relaxed) == 0,
            "shipped" => tried(Step::Ship) && !done(Step::Deliver) && !done(Step::Cancel),
            "delivered" => tried(Step::Ship) && tried(Step::Deliver) && !done(Step::Cancel),
            "cancelled" => {
                let asked = tried(Step::Cancel) || self.customer.leaving.load(Relaxed);
                asked && !done(Step::Ship) && !done(Step::Deliver)
            }
            _ => false,
        }
    }
}

impl Step {
    pub(crate) const fn verb(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::Ship => "ship",
            Self::Deliver => "deliver",
        }
    }

    pub(crate) fn add_to(self, set: &AtomicU8) {
        set.fetch_or(self as u8, Relaxed);
    }

    fn is_in(self, set: &AtomicU8) -> bool {
        set.load(Relaxed) & self as u8 != 0
    }
}

/// Broken promises by their kinds, with examples.
#[derive(Default)]
pub(crate) struct Findings(Mutex<BTreeMap<&'static str, Vec<String>>>);

impl Findings {
    pub(crate) fn add(&self, what: &'static str, example: impl Into<String>) {
        self.add_all(what, [example.into()]);
    }

    /// Adds those that there are; a kind that was looked for is named in the report even when there are none.
    pub(crate) fn add_all(&self, what: &'static str, examples: impl IntoIterator<Item = String>) {
        let mut findings = locked(&self.0);
        findings.entry(what).or_default().extend(examples);
    }

    pub(crate) fn are_none(&self) -> bool {
        locked(&self.0).values().all(Vec::is_empty)
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let findings = locked(&self.0);
        for (what, examples) in &*findings {
            writeln!(f, "{:>7} {what}", examples.len())?;
        }
        for (what, examples) in &*findings {
            if let [_, ..] = examples.as_slice() {
                let some = &examples[..examples.len().min(5)];
                writeln!(f, "FOUND: {what}\n  {}", some.join("\n  "))?;
            }
        }
        Ok(())
    }
}
