//! The rows of users: the one file that can name a table of this schema. Private to the service.

use std::collections::{HashMap, HashSet};

use diesel::{dsl::now, prelude::*};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    Error,
    model::{Change, Email, Name, NewUser, User, UserId},
    schema::users::accounts,
};
use crate::{
    db::{self, Conn, Owner, Pool, Service},
    http::Limit,
};

/// Marks pools and connections of this service. Nobody else can name it.
pub(super) enum UsersSchema {}

impl Owner for UsersSchema {
    const SERVICE: Service = super::SERVICE;
}

pub(super) type UsersPool = Pool<UsersSchema>;
type UsersConn<'c> = Conn<'c, UsersSchema>;

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
struct UserRow {
    id: Uuid,
    email: String,
    name: String,
    version: i64,
    registered_at: Timestamp,
    changed_at: Timestamp,
}

#[derive(Insertable)]
#[diesel(table_name = accounts)]
struct NewUserRow<'a> {
    id: Uuid,
    email: &'a str,
    name: &'a str,
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.into(),
            email: Email::from_store(row.email),
            name: Name::from_store(row.name),
            version: row.version,
            registered_at: row.registered_at.into(),
            changed_at: row.changed_at.into(),
        }
    }
}

/// The users with these ids, in their order; `None` where there is none.
pub(super) fn find(
    conn: &mut UsersConn<'_>,
    ids: &[UserId],
) -> Result<Vec<Option<User>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = accounts::table
        .filter(accounts::id.eq_any(uuids))
        .select(UserRow::as_select())
        .load(conn.pg())?;
    let users = by_id(rows);
    Ok(ids.iter().map(|id| users.get(id).cloned()).collect())
}

/// Which of these ids belong to an account.
pub(super) fn known(
    conn: &mut UsersConn<'_>,
    ids: &[UserId],
) -> Result<HashSet<UserId>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let known: Vec<Uuid> = accounts::table
        .filter(accounts::id.eq_any(uuids))
        .select(accounts::id)
        .load(conn.pg())?;
    Ok(known.into_iter().map(UserId::from).collect())
}

/// Registers users, each alone in its luck: `None` for one whose address is taken, be it by an account or by another in
/// the same set.
pub(super) fn register(
    conn: &mut UsersConn<'_>,
    users: &[NewUser],
) -> Result<Vec<Option<User>>, db::Error> {
    let rows: Vec<_> = users
        .iter()
        .map(|user| NewUserRow {
            id: user.id.uuid(),
            email: user.email.as_str(),
            name: user.name.as_str(),
        })
        .collect();
    let taken = diesel::insert_into(accounts::table)
        .values(rows)
        .on_conflict(accounts::email)
        .do_nothing()
        .returning(UserRow::as_returning())
        .load(conn.pg())?;
    let mut registered = by_id(taken);
    Ok(users
        .iter()
        .map(|user| registered.remove(&user.id))
        .collect())
}

/// At most one page of users, the oldest first.
pub(super) fn list(
    conn: &mut UsersConn<'_>,
    email: Option<Email>,
    after: Option<UserId>,
    limit: Limit,
) -> Result<Vec<User>, db::Error> {
    let mut query = accounts::table
        .select(UserRow::as_select())
        .order(accounts::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(email) = email {
        query = query.filter(accounts::email.eq(email.as_str().to_owned()));
    }
    if let Some(after) = after {
        query = query.filter(accounts::id.gt(after.uuid()));
    }
    Ok(query.load(conn.pg())?.into_iter().map(User::from).collect())
}

/// Changes one user, if it still has one of `versions`. A change that changes nothing leaves the version alone.
pub(super) fn change(
    conn: &mut UsersConn<'_>,
    id: UserId,
    change: &Change,
    versions: Option<&[i64]>,
) -> Result<User, Error> {
    let found = accounts::table
        .find(id.uuid())
        .select(UserRow::as_select())
        .for_update()
        .first(conn.pg());
    let user = User::from(
        found
            .optional()
            .map_err(db::Error::from)?
            .ok_or(Error::NoSuchUser)?,
    );
    if versions.is_some_and(|versions| !versions.contains(&user.version)) {
        return Err(Error::Changed);
    }
    let email = change.email.as_ref().unwrap_or(&user.email);
    let name = change.name.as_ref().unwrap_or(&user.name);
    if (email, name) == (&user.email, &user.name) {
        return Ok(user);
    }
    let changed: UserRow = diesel::update(accounts::table.find(id.uuid()))
        .set((
            accounts::email.eq(email.as_str()),
            accounts::name.eq(name.as_str()),
            accounts::version.eq(accounts::version + 1),
            accounts::changed_at.eq(now),
        ))
        .returning(UserRow::as_returning())
        .get_result(conn.pg())
        .map_err(db::Error::from)?;
    Ok(changed.into())
}

impl From<db::Error> for Error {
    fn from(error: db::Error) -> Self {
        if let db::Error::Refused(constraint) = &error
            && constraint.is("accounts_email_key")
        {
            Self::EmailTaken
        } else {
            Self::Database(error)
        }
    }
}

fn by_id(rows: Vec<UserRow>) -> HashMap<UserId, User> {
    rows.into_iter()
        .map(|row| (row.id.into(), row.into()))
        .collect()
}
