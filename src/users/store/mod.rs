//! The rows of users, one file for each story. Only this folder can name a table of the schema.

pub(super) mod accounts;
pub(super) mod feed;

use crate::db::{Conn, Owner, Pool, Service};

/// Marks pools and connections of this service. Nobody else can name it.
pub(super) enum UsersSchema {}

impl Owner for UsersSchema {
    const SERVICE: Service = super::SERVICE;
}

pub(super) type UsersPool = Pool<UsersSchema>;
type UsersConn<'c> = Conn<'c, UsersSchema>;
