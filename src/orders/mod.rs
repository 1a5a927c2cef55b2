//! What customers ordered. This service owns the schema `orders`; of other services it knows the door of `users`.
//!
//! Its promises: an order is placed with all its items or not at all, by a customer who exists; its total is exact; its
//! status only moves as [`Step`] says; what was answered is committed.

mod error;
mod http;
mod model;
#[expect(
    clippy::disallowed_methods,
    reason = "the one place where this service's tables are declared"
)]
#[expect(unreachable_pub, reason = "generated; the module itself is private")]
mod schema;
mod store;

use std::sync::Arc;

use actix_web::web::ServiceConfig;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};
use futures_util::future::LocalBoxFuture;

use self::{
    error::Error,
    model::{NewOrder, Order, OrderId, Status, Step},
    store::OrdersPool,
};
use crate::{
    db::{
        self, Ailment, Batch, DatabaseUrl, Limits, Service, Terms,
        audit::{self, Finding},
    },
    http::{Door, Limit},
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
    find: Batch<OrderId, Option<Order>>,
    place: Batch<NewOrder, Option<Order>>,
}

impl Orders {
    /// Opens the door. It does not wait for the database.
    pub(crate) fn open(url: &DatabaseUrl, limits: Limits, users: Users) -> Self {
        let pool = OrdersPool::new(url, limits);
        let find = pool.batch_of_reads("orders find", store::find);
        let place = {
            let pool = pool.clone();
            Batch::new("orders place", limits, move |orders| {
                place(&pool, &users, orders)
            })
        };
        Self(Arc::new(Room { pool, find, place }))
    }

    async fn place(&self, order: NewOrder) -> Result<Order, Error> {
        self.0.place.ask(order).await?.ok_or(Error::NoSuchCustomer)
    }

    async fn find(&self, id: OrderId) -> Result<Order, Error> {
        self.0.find.ask(id).await?.ok_or(Error::NoSuchOrder)
    }

    async fn list(
        &self,
        customer: Option<UserId>,
        status: Option<Status>,
        after: Option<OrderId>,
        limit: Limit,
    ) -> Result<Vec<Order>, Error> {
        Ok(self
            .0
            .pool
            .read(move |conn| store::list(conn, customer, status, after, limit))
            .await?)
    }

    /// Moves an order one step, if it still has one of `versions`; any will do when there are none. When the order stands there
    /// already, that is as good.
    async fn advance(
        &self,
        id: OrderId,
        step: Step,
        versions: Option<Vec<i64>>,
    ) -> Result<Order, Error> {
        let expected = versions.clone();
        let moved = self.0.pool.write(move |conn| {
            store::advance(conn, &[id], step, expected.as_deref())?;
            store::find(conn, &[id])
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

/// One run of placements: one question to users, one transaction of our own. `None` for an unknown customer's order.
fn place(
    pool: &OrdersPool,
    users: &Users,
    orders: &[NewOrder],
) -> Result<Vec<Option<Order>>, db::Error> {
    let customers: Vec<UserId> = orders.iter().map(|order| order.customer).collect();
    let known = users.known(&customers)?;
    let accepted: Vec<&NewOrder> = orders
        .iter()
        .filter(|order| known.contains(&order.customer))
        .collect();
    let mut placed = pool.with(|conn| conn.transaction(|conn| store::place(conn, &accepted)))?;
    Ok(orders
        .iter()
        .map(|order| placed.remove(&order.id))
        .collect())
}

impl Door for Orders {
    fn name(&self) -> &'static str {
        SERVICE.name()
    }

    fn routes(&self, config: &mut ServiceConfig) {
        http::routes(self, config);
    }

    fn check(&self) -> LocalBoxFuture<'_, Result<(), Ailment>> {
        Box::pin(self.0.pool.check())
    }

    fn examine<'a>(
        &'a self,
        terms: &'a Terms,
    ) -> LocalBoxFuture<'a, Result<Vec<Finding>, audit::Error>> {
        Box::pin(self.0.pool.examine(terms))
    }
}
