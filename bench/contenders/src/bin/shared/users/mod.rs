//! Users, as in the product, but whoever changes one appends no fact: all can look for themselves.

#[path = "../../../../../../src/users/error.rs"]
#[expect(dead_code, reason = "nothing is changed here")]
mod error;
pub(crate) mod http;
#[path = "../../../../../../src/users/model.rs"]
#[expect(dead_code, reason = "nothing is changed here, and there is no feed")]
mod model;
mod store;

use std::sync::Arc;

use self::{error::Error, model::NewUser};
pub(crate) use self::{
    model::{Fact, User, UserId},
    store::UserRow,
};
use crate::{
    db::{self, Batch, Pool},
    http::{Caller, Problem},
};

#[derive(Clone)]
pub(crate) struct Users(Arc<Room>);

struct Room {
    find: Batch<UserId, Option<User>>,
    register: Batch<NewUser, Option<User>>,
}

impl Users {
    pub(crate) fn open(pool: &Pool) -> Self {
        Self(Arc::new(Room {
            find: pool.batch("users find", store::find),
            register: pool.batch("users register", store::register),
        }))
    }

    async fn find(&self, _caller: &Caller, id: UserId) -> Result<User, Error> {
        self.0.find.ask(id).await?.ok_or(Error::NoSuchUser)
    }

    async fn register(&self, user: NewUser) -> Result<User, Error> {
        self.0.register.ask(user).await?.ok_or(Error::EmailTaken)
    }
}

/// The answer when there is no such user.
pub(crate) fn unknown() -> Problem {
    Error::NoSuchUser.into()
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        Self::Database(error)
    }
}
