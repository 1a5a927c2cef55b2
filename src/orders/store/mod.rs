//! The rows of orders, one file for each story. Only this folder can name a table of the schema.

pub(super) mod closings;
pub(super) mod customers;
pub(super) mod feed;
pub(super) mod orders;
pub(super) mod place;

use crate::db::{Conn, Owner, Pool, Service};

/// Marks pools and connections of this service. Nobody else can name it.
pub(super) enum OrdersSchema {}

impl Owner for OrdersSchema {
    const SERVICE: Service = super::SERVICE;
}

pub(super) type OrdersPool = Pool<OrdersSchema>;
type OrdersConn<'c> = Conn<'c, OrdersSchema>;
