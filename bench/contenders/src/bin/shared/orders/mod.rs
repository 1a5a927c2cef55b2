//! Orders, as in the product, but who ordered is looked up in the users' own table, and no order has a key.

#[path = "../../../../../../src/orders/error.rs"]
#[expect(dead_code, reason = "nothing is changed here, and no order has a key")]
mod error;
pub(crate) mod http;
#[path = "../../../../../../src/orders/model.rs"]
#[expect(dead_code, reason = "nothing is changed here, and no order has a key")]
mod model;
mod store;

use std::sync::Arc;

use self::{
    error::Error,
    model::{NewOrder, OrderId, Placement, Standing, Status},
};
pub(crate) use self::{
    model::Order,
    store::{ItemRow, OrderRow, add},
};
use crate::{
    db::{self, Batch, Pool},
    http::{Caller, Limit},
    users::UserId,
};

#[derive(Clone)]
pub(crate) struct Orders(Arc<Room>);

struct Room {
    pool: Pool,
    find: Batch<OrderId, Option<Order>>,
    pages: Batch<(UserId, Option<OrderId>, Limit), Vec<Order>>,
    place: Batch<Arc<NewOrder>, Option<Order>>,
}

impl Orders {
    pub(crate) fn open(pool: &Pool) -> Self {
        Self(Arc::new(Room {
            pool: pool.clone(),
            find: pool.batch("orders find", store::find),
            pages: pool.batch_of_pages("orders pages", store::pages),
            place: pool.batch("orders place", store::place),
        }))
    }

    async fn place(&self, _caller: &Caller, order: NewOrder) -> Result<Placement, Error> {
        let customer = order.customer;
        if let Some(order) = self.0.place.ask(Arc::new(order)).await? {
            let is_replay = false;
            return Ok(Placement { order, is_replay });
        }
        let standing = self
            .0
            .pool
            .read(move |conn| store::standing(conn, customer));
        match standing.await? {
            None => Err(Error::NoSuchCustomer),
            Some(Standing::Active) => Err(db::Error::Busy.into()),
            Some(standing) => Err(Error::NotActive(standing)),
        }
    }

    async fn find(&self, _caller: &Caller, id: OrderId) -> Result<Order, Error> {
        self.0.find.ask(id).await?.ok_or(Error::NoSuchOrder)
    }

    async fn list(
        &self,
        _caller: &Caller,
        customer: Option<UserId>,
        status: Option<Status>,
        after: Option<OrderId>,
        limit: Limit,
    ) -> Result<Vec<Order>, Error> {
        Ok(match (customer, status) {
            (Some(customer), None) => self.0.pages.ask((customer, after, limit)).await?,
            (_, _) => {
                let pool = &self.0.pool;
                pool.read(move |conn| store::list(conn, customer, status, after, limit))
                    .await?
            }
        })
    }
}
