//! What `usual`, `axum-sqlx` and `axum-tokio-postgres` have in common: the bodies on the wire, what they check of a request, and
//! how they are told where to work.

mod error;

pub use error::Error;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The product's allocator, so that no difference comes from there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Where a contender finds its database, where it listens, and how many connections it may use.
pub struct Settings {
    pub database_url: String,
    pub port: u16,
    pub pool: u32,
}

impl Settings {
    /// Reads `DATABASE_URL`, `PORT` and `POOL`; the last may be missing.
    ///
    /// # Panics
    ///
    /// When one of them makes no sense.
    pub fn from_env(pool: u32) -> Self {
        let read = |name| std::env::var(name).ok();
        Self {
            database_url: read("DATABASE_URL").expect("DATABASE_URL is required"),
            port: read("PORT")
                .and_then(|port| port.parse().ok())
                .expect("PORT must be a port"),
            pool: read("POOL").map_or(pool, |pool| pool.parse().expect("POOL must be a number")),
        }
    }
}

#[derive(Serialize, diesel::Queryable, sqlx::FromRow)]
pub struct User {
    pub id: Uuid,
    pub email: Option<String>,
    pub name: Option<String>,
    pub standing: String,
    pub refusal: Option<String>,
    pub registered_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Serialize)]
pub struct Order {
    pub id: Uuid,
    pub customer_id: Uuid,
    pub status: String,
    pub currency: String,
    pub items: Vec<Item>,
    pub total: i64,
    pub placed_at: DateTime<Utc>,
    pub changed_at: DateTime<Utc>,
}

#[derive(Deserialize, Serialize, sqlx::FromRow)]
pub struct Item {
    pub sku: String,
    pub quantity: i32,
    pub unit_price: i64,
}

/// A user with their newest orders.
#[derive(Serialize)]
pub struct Customer {
    pub user: User,
    pub orders: Vec<Order>,
    /// The product names here a service that cannot answer. There is one database here: it answers with all or not at all.
    pub missing: [&'static str; 0],
}

impl Customer {
    pub fn new(user: User, orders: Vec<Order>) -> Self {
        let missing = [];
        Self {
            user,
            orders,
            missing,
        }
    }
}

#[derive(Serialize)]
pub struct Page {
    items: Vec<Order>,
    next: Option<Uuid>,
}

impl Page {
    /// Cuts `items`, of which there may be one more than `limit`, to the page.
    pub fn new(mut items: Vec<Order>, limit: i64) -> Self {
        let size = usize::try_from(limit).unwrap_or_default();
        let more = items.len() > size;
        items.truncate(size);
        let next = items.last().filter(|_| more).map(|order| order.id);
        Self { items, next }
    }
}

/// The query of `GET /customers/{id}`.
#[derive(Deserialize)]
pub struct Newest {
    limit: Option<i64>,
}

impl Newest {
    pub fn limit(&self) -> Result<i64, Error> {
        checked_limit(self.limit)
    }
}

/// The query of `GET /orders`.
#[derive(Deserialize)]
pub struct List {
    pub customer_id: Uuid,
    after: Option<Uuid>,
    limit: Option<i64>,
}

impl List {
    /// The id that the page begins after.
    pub fn after(&self) -> Uuid {
        self.after.unwrap_or_default()
    }

    pub fn limit(&self) -> Result<i64, Error> {
        checked_limit(self.limit)
    }
}

fn checked_limit(limit: Option<i64>) -> Result<i64, Error> {
    match limit.unwrap_or(50) {
        limit @ 1..=200 => Ok(limit),
        _ => Err(Error::Invalid("limit must be from 1 to 200")),
    }
}

/// The body of `POST /users`.
#[derive(Deserialize)]
pub struct NewUser {
    pub email: String,
    pub name: String,
}

impl NewUser {
    /// With the address in lower case and both without margins.
    pub fn checked(self) -> Result<Self, Error> {
        let email = self.email.trim().to_lowercase();
        let is_address = email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'));
        if !is_address || email.len() > 254 || email.contains(char::is_whitespace) {
            return Err(Error::Invalid("email must be an e-mail address"));
        }
        let name = self.name.trim().to_owned();
        if !(1..=200).contains(&name.chars().count()) {
            return Err(Error::Invalid("name must have 1 to 200 characters"));
        }
        Ok(Self { email, name })
    }
}

/// The body of `POST /orders`.
#[derive(Deserialize)]
pub struct NewOrder {
    pub customer_id: Uuid,
    pub currency: String,
    pub items: Vec<Item>,
}

impl NewOrder {
    const MOST: i64 = (1 << 53) - 1;

    /// What it comes to, if all of it makes sense.
    pub fn checked_total(&self) -> Result<i64, Error> {
        if self.currency.len() != 3 || !self.currency.bytes().all(|byte| byte.is_ascii_uppercase())
        {
            return Err(Error::Invalid("currency must be an ISO 4217 code"));
        }
        if !(1..=100).contains(&self.items.len()) {
            return Err(Error::Invalid("items must hold 1 to 100 items"));
        }
        let is_good = |item: &Item| {
            (1..=64).contains(&item.sku.len())
                && (1..=1_000_000).contains(&item.quantity)
                && (0..=Self::MOST).contains(&item.unit_price)
        };
        if !self.items.iter().all(is_good) {
            return Err(Error::Invalid("an item makes no sense"));
        }
        let total = self.items.iter().try_fold(0_i64, |sum, item| {
            sum.checked_add(item.unit_price.checked_mul(item.quantity.into())?)
        });
        total
            .filter(|total| *total <= Self::MOST)
            .ok_or(Error::Invalid("the total is too large"))
    }

    /// The order that this became, as the database has it.
    pub fn placed(
        self,
        id: Uuid,
        status: String,
        total: i64,
        [placed_at, changed_at]: [DateTime<Utc>; 2],
    ) -> Order {
        Order {
            id,
            customer_id: self.customer_id,
            status,
            currency: self.currency,
            items: self.items,
            total,
            placed_at,
            changed_at,
        }
    }
}

/// Columns of items, one array for each, as `unnest` takes them.
pub fn columns(items: &[Item]) -> (Vec<&str>, Vec<i32>, Vec<i64>) {
    let skus = items.iter().map(|item| item.sku.as_str()).collect();
    let quantities = items.iter().map(|item| item.quantity).collect();
    (
        skus,
        quantities,
        items.iter().map(|item| item.unit_price).collect(),
    )
}

/// Ends once the process is told to stop.
///
/// # Panics
///
/// When the operating system does not let us hear its signals.
pub async fn told_to_stop() {
    let kind = tokio::signal::unix::SignalKind::terminate();
    let mut terminate = tokio::signal::unix::signal(kind).expect("SIGTERM can be heard");
    terminate.recv().await;
}
