//! What customers ordered. This service owns the schema `orders`; of other services it knows the door of `users`.
//!
//! Its promises: an order is placed with all its items or not at all, once for each idempotency key, by a customer who exists
//! and does not want to leave; its total is exact; its status only moves as [`Step`] says; what was answered is committed.
//!
//! Of its customers it keeps a copy, by the feed of users, so that it can place orders while users is away.
//!
//! [`Orders`] is the door. Before it stands [`mod@http`], behind it [`store`]; [`jobs`] follows the feed and keeps the copy.

mod error;
mod http;
mod jobs;
mod model;
/// The tables, generated from the migrations by `./dev schema`.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this service's tables are declared"
)]
#[expect(unreachable_pub, reason = "generated; the module itself is private")]
mod schema;
mod store;

use std::{sync::Arc, time::Duration};

use actix_web::web::{Data, ServiceConfig};
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::future::LocalBoxFuture;
use prometheus::Registry;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::timeout;

use self::{
    error::Error,
    model::{Customer, NewOrder, Order, OrderId, Placed, Placement, Standing, Status, Step},
    store::{OrdersPool, customers, feed, orders, place},
};
use crate::{
    db::{
        self, Ailment, Batch, DatabaseUrl, Limits, Look, Service, Terms, Upkeep, Worker, audit,
        fault,
    },
    http::{Caller, Door, Limit, Problem, Reader, Reading, Retried, Routes, Scope},
    users::{UserId, Users},
};

/// What the database has to know of this service.
pub(crate) const SERVICE: Service = Service::new("orders", || MIGRATIONS);
const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations_orders");

/// The door: all that others can do with orders.
#[derive(Clone)]
pub(crate) struct Orders(Arc<Room>);

/// What stands behind the door.
struct Room {
    pool: OrdersPool,
    limits: Limits,
    users: Users,
    find: Batch<OrderId, Option<Order>>,
    latest: Batch<(UserId, Limit), Vec<Order>>,
    pages: Batch<(UserId, Option<OrderId>, Limit), Vec<Order>>,
    place: Batch<Arc<NewOrder>, Option<Order>>,
    decide: Batch<Arc<NewOrder>, Placed>,
    remember: Batch<Customer, ()>,
    _workers: [Worker; 2],
}

impl Orders {
    /// Opens the door. It does not wait for the database. An idempotency key is kept for `keys_kept`. Its figures
    /// go to the registry.
    pub(crate) fn open(
        url: &DatabaseUrl,
        limits: Limits,
        upkeep: Upkeep,
        keys_kept: Duration,
        users: Users,
        registry: &Registry,
    ) -> Self {
        let pool = OrdersPool::new(url, limits, registry);
        let find = pool.batch_of_reads("find", orders::find);
        let latest = pool.batch_of_pages("latest", orders::latest);
        let pages = pool.batch_of_pages("pages", orders::pages);
        let place = pool.batch("place", |pool, asked| {
            let placed = pool.with(|conn| place::place(conn, asked))?;
            fault::point("orders-committed");
            Ok(placed)
        });
        let decide = pool.batch("decide", move |pool, asked| {
            let decided =
                pool.with(|conn| conn.transaction(|conn| place::decide(conn, asked, keys_kept)))?;
            fault::point("orders-committed");
            Ok(decided)
        });
        let remember = pool.batch_of_writes("remember", customers::remember);
        Self(Arc::new(Room {
            _workers: [
                jobs::follow(pool.clone(), &users, upkeep),
                jobs::upkeep(pool.clone(), upkeep, keys_kept),
            ],
            pool,
            limits,
            users,
            find,
            latest,
            pages,
            place,
            decide,
            remember,
        }))
    }

    /// The newest orders of a customer as on the wire, the newest first, for whoever composes answers.
    ///
    /// # Errors
    ///
    /// When the database cannot answer.
    pub(crate) async fn latest(
        &self,
        caller: &Caller,
        customer: UserId,
        limit: Limit,
    ) -> Result<Vec<impl Serialize + JsonSchema + use<>>, Problem> {
        if !caller.sees(customer) {
            return Ok(Vec::new());
        }
        let latest = self.0.latest.ask((customer, limit)).await?;
        Ok(latest.into_iter().map(http::Response::from).collect())
    }

    /// Places an order. The wait for all of it is that for one answer.
    async fn place(&self, caller: &Caller, order: NewOrder) -> Result<Placement, Error> {
        if !caller.sees(order.customer) {
            return Err(Error::NoSuchCustomer);
        }
        let placed = timeout(self.0.limits.deadline, self.place_or_ask(Arc::new(order))).await;
        match placed.unwrap_or(Err(Error::Database(db::Error::TimedOut)))? {
            Placed::Order(placement) => Ok(placement),
            Placed::KeyReused => Err(Error::KeyReused),
            Placed::NotActive(standing) => Err(Error::NotActive(standing)),
            // Users knows them, and we forgot them again: the copy is just being dropped.
            Placed::UnknownCustomer => Err(Error::Database(db::Error::Busy)),
        }
    }

    /// A customer whom we do not know yet may have registered a moment ago: users is asked once, and the order tried again.
    async fn place_or_ask(&self, order: Arc<NewOrder>) -> Result<Placed, Error> {
        let Room {
            users,
            place,
            decide,
            remember,
            ..
        } = &*self.0;
        if let Some(order) = place.ask(Arc::clone(&order)).await? {
            let is_replay = false;
            return Ok(Placed::Order(Placement { order, is_replay }));
        }
        let decided = decide.ask(Arc::clone(&order)).await?;
        if !matches!(decided, Placed::UnknownCustomer) {
            return Ok(decided);
        }
        let fact = users.fact(order.customer).await?;
        match fact.as_ref().and_then(Customer::from_fact) {
            Some(customer) if customer.standing == Standing::Active => {
                remember.ask(customer).await?;
                Ok(decide.ask(order).await?)
            }
            // Whoever wants to leave is not remembered: the wish has to come by the feed, where it is answered.
            Some(customer) => Ok(Placed::NotActive(customer.standing)),
            None => Err(Error::NoSuchCustomer),
        }
    }

    async fn find(&self, caller: &Caller, id: OrderId) -> Result<Order, Error> {
        let order = self.0.find.ask(id).await?;
        order
            .filter(|order| caller.sees(order.customer))
            .ok_or(Error::NoSuchOrder)
    }

    async fn list(
        &self,
        caller: &Caller,
        customer: Option<UserId>,
        status: Option<Status>,
        after: Option<OrderId>,
        limit: Limit,
    ) -> Result<Vec<Order>, Error> {
        let customer = match caller.whose() {
            Some(own) if customer.is_some_and(|customer| customer != own) => return Ok(Vec::new()),
            Some(own) => Some(own),
            None => customer,
        };
        Ok(match (customer, status) {
            (Some(customer), None) => self.0.pages.ask((customer, after, limit)).await?,
            // How much of it there is to read until a page is full, nobody knows before.
            (_, _) => {
                let pool = &self.0.pool;
                pool.read(move |conn| orders::list(conn, customer, status, after, limit))
                    .await?
            }
        })
    }

    /// Moves an order one step, if it still has one of `versions`; any will do when there are none. When the order stands there
    /// already, that is as good.
    async fn advance(
        &self,
        caller: &Caller,
        id: OrderId,
        step: Step,
        versions: Option<Vec<i64>>,
    ) -> Result<Order, Error> {
        if !caller.may(Scope::Operator) {
            // Whose an order is never changes, so it can be looked at before.
            self.find(caller, id).await?;
            if step != Step::Cancel {
                return Err(Error::NotTheirs);
            }
        }
        let (expected, origin) = (versions.clone(), caller.origin());
        let moved = self.0.pool.write(move |conn| {
            orders::advance(conn, &[id], step, expected.as_deref(), &origin)?;
            orders::find(conn, &[id])
        });
        let order = moved.await?.pop().flatten().ok_or(Error::NoSuchOrder)?;
        if order.status == step.to() {
            Ok(order)
        } else if versions.is_some_and(|versions| !versions.contains(&order.version)) {
            Err(Error::Changed)
        } else {
            Err(Error::WrongStatus {
                is: order.status,
                step,
            })
        }
    }
}

/// What can be asked over HTTP. The service need not be open to tell.
pub(crate) fn resources() -> Vec<Routes> {
    http::resources().into()
}

impl Door for Orders {
    fn service(&self) -> Service {
        SERVICE
    }

    fn lend(&self, config: &mut ServiceConfig) {
        config.app_data(Data::new(self.clone()));
    }

    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>> {
        Box::pin(self.0.pool.check())
    }

    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Arc<Look>, audit::Error>> {
        Box::pin(self.0.pool.examine(terms))
    }

    fn last_look(&self) -> Option<Arc<Look>> {
        self.0.pool.last_look()
    }
    fn reader(&self) -> Option<&dyn Reader> {
        Some(self)
    }
}

impl Reader for Orders {
    fn reading(&self) -> LocalBoxFuture<'_, Result<Reading, db::Error>> {
        Box::pin(async {
            let read = self.0.pool.read(|conn| {
                Ok::<_, db::Error>((feed::place(conn)?, feed::count_set_aside(conn)?))
            });
            let (place, set_aside) = read.await?;
            let backlog = self.0.users.backlog(place).await;
            Ok(Reading {
                feed: feed::FEED,
                position: place.position,
                is_another: matches!(backlog, Ok(None)),
                behind: backlog
                    .ok()
                    .flatten()
                    .map(|backlog| (backlog.facts, backlog.age)),
                set_aside,
            })
        })
    }

    fn rebuild(&self) -> LocalBoxFuture<'_, Result<(), db::Error>> {
        /// Customers forgotten in one step, so that none waits long for another's locks.
        const STEP: i64 = 2_000;
        /// How often a step is tried that had to wait too long for somebody else's lock.
        const TRIES: u32 = 10;

        Box::pin(async {
            // First, so that we touch nothing while the feed is out of reach.
            self.0.users.backlog(feed::START).await?;
            let mut last = None;
            let mut tries = 0;
            loop {
                // Back to the beginning with each step: whatever ends us, the feed is read again.
                let step = self.0.pool.write(move |conn| {
                    feed::rewind(conn)?;
                    customers::forget(conn, last, STEP)
                });
                match step.await {
                    Ok(None) => return Ok(()),
                    Ok(forgotten) => (last, tries) = (forgotten, 0),
                    Err(db::Error::TimedOut) if tries < TRIES => tries += 1,
                    Err(error) => return Err(error),
                }
            }
        })
    }

    fn replay(&self) -> LocalBoxFuture<'_, Result<Vec<Retried>, db::Error>> {
        Box::pin(async {
            let mut all = Vec::new();
            for position in self.0.pool.read(feed::all_set_aside).await? {
                let pool = self.0.pool.clone();
                let retry = tokio::task::spawn_blocking(move || jobs::retry(&pool, position));
                all.extend(retry.await.unwrap_or(Err(db::Error::Panicked))?);
            }
            Ok(all)
        })
    }
}
