//! The product's queries for accounts, in the schema that is everybody's.

use std::collections::HashMap;

use diesel::prelude::*;
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::model::{Email, Name, NewUser, Person, Standing, User, UserId};
use crate::{
    db::{self, any, hand_out, unnest},
    schema::accounts,
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
pub(crate) struct UserRow {
    id: Uuid,
    email: Option<String>,
    name: Option<String>,
    standing: String,
    refusal: Option<String>,
    version: i64,
    registered_at: Timestamp,
    changed_at: Timestamp,
}

impl TryFrom<UserRow> for User {
    type Error = db::Error;

    fn try_from(row: UserRow) -> Result<Self, db::Error> {
        let person = row.email.zip(row.name).map(|(email, name)| Person {
            email: Email::from_store(email),
            name: Name::from_store(name),
        });
        Ok(Self {
            id: row.id.into(),
            person,
            standing: Standing::from_word(&row.standing).ok_or(db::Error::NOT_OURS)?,
            refusal: row.refusal,
            version: row.version,
            registered_at: row.registered_at.into(),
            changed_at: row.changed_at.into(),
        })
    }
}

/// The users with these ids, in their order; `None` where there is none.
pub(super) fn find(
    conn: &mut PgConnection,
    ids: &[UserId],
) -> Result<Vec<Option<User>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = accounts::table
        .filter(accounts::id.eq_any(any(uuids)))
        .select(UserRow::as_select())
        .load(conn)?;
    Ok(hand_out(ids, by_id(rows)?))
}

/// Registers users; `None` for one whose address is taken.
pub(super) fn register(
    conn: &mut PgConnection,
    users: &[NewUser],
) -> Result<Vec<Option<User>>, db::Error> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.id.uuid()).collect();
    let people = || users.iter().map(|user| &user.person);
    let emails: Vec<_> = people().map(|person| Some(person.email.as_str())).collect();
    let names: Vec<_> = people().map(|person| Some(person.name.as_str())).collect();
    let taken = diesel::select((unnest(ids), unnest(emails), unnest(names)))
        .insert_into(accounts::table)
        .into_columns((accounts::id, accounts::email, accounts::name))
        .on_conflict(accounts::email)
        .do_nothing()
        .returning(UserRow::as_returning())
        .load(conn)?;
    let mut registered = by_id(taken)?;
    Ok(users
        .iter()
        .map(|user| registered.remove(&user.id))
        .collect())
}

fn by_id(rows: Vec<UserRow>) -> Result<HashMap<UserId, User>, db::Error> {
    rows.into_iter()
        .map(|row| Ok((row.id.into(), row.try_into()?)))
        .collect()
}
