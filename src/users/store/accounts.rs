//! Accounts. Whatever changes one appends the fact of it, in the same transaction.

use std::collections::HashMap;

use diesel::{dsl::now, prelude::*};
use jiff_diesel::Timestamp;
use uuid::Uuid;

use super::{
    super::{
        Error,
        model::{Answer, Change, Email, Fact, Name, NewUser, Person, Standing, User, UserId},
        schema::users::accounts,
    },
    UsersConn, feed,
};
use crate::{
    db::{self, Part, Prepared, Rows, With, any, hand_out, unnest},
    http::{Limit, Origin},
};

#[derive(Queryable, Selectable)]
#[diesel(table_name = accounts, check_for_backend(diesel::pg::Pg))]
struct UserRow {
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
pub(in crate::users) fn find(
    conn: &mut UsersConn<'_>,
    ids: &[UserId],
) -> Result<Vec<Option<User>>, db::Error> {
    let uuids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = accounts::table
        .filter(accounts::id.eq_any(any(uuids)))
        .select(UserRow::as_select())
        .load(conn.pg())?;
    Ok(hand_out(ids, by_id(rows)?))
}

/// Registers users in one statement, each alone in its luck: `None` for one whose address is taken, be it by an account or by
/// another in the same set.
pub(in crate::users) fn register(
    conn: &mut UsersConn<'_>,
    users: &[NewUser],
) -> Result<Vec<Option<User>>, db::Error> {
    let ids: Vec<Uuid> = users.iter().map(|user| user.id.uuid()).collect();
    let people = || users.iter().map(|user| &user.person);
    let emails: Vec<_> = people().map(|person| Some(person.email.as_str())).collect();
    let names: Vec<_> = people().map(|person| Some(person.name.as_str())).collect();
    let origins = || users.iter().map(|user| &user.origin);
    let subjects: Vec<_> = origins().map(|origin| origin.subject.as_deref()).collect();
    let requests: Vec<_> = origins()
        .map(|origin| origin.request_id.as_deref())
        .collect();
    let origins = diesel::select((unnest(ids.clone()), unnest(subjects), unnest(requests)));
    let made = diesel::select((unnest(ids), unnest(emails), unnest(names)))
        .insert_into(accounts::table)
        .into_columns((accounts::id, accounts::email, accounts::name))
        .on_conflict(accounts::email)
        .do_nothing()
        .returning(UserRow::as_returning());
    let register = Prepared(With {
        before: Rows::new(feed::origins::table, origins),
        made: Part(feed::made::table, made),
        after: feed::appended(),
    });
    let mut registered = by_id(register.load(conn.pg())?)?;
    Ok(users
        .iter()
        .map(|user| registered.remove(&user.id))
        .collect())
}

/// At most one page of users, the oldest first.
pub(in crate::users) fn list(
    conn: &mut UsersConn<'_>,
    only: Option<UserId>,
    email: Option<Email>,
    after: Option<UserId>,
    limit: Limit,
) -> Result<Vec<User>, db::Error> {
    let mut query = accounts::table
        .select(UserRow::as_select())
        .order(accounts::id)
        .limit(limit.and_one())
        .into_boxed();
    if let Some(only) = only {
        query = query.filter(accounts::id.eq(only.uuid()));
    }
    if let Some(email) = email {
        query = query.filter(accounts::email.eq(email.as_str().to_owned()));
    }
    if let Some(after) = after {
        query = query.filter(accounts::id.gt(after.uuid()));
    }
    query
        .load(conn.pg())?
        .into_iter()
        .map(User::try_from)
        .collect()
}

/// Changes one user, if it still has one of `versions`. A change that changes nothing leaves the version alone.
pub(in crate::users) fn change(
    conn: &mut UsersConn<'_>,
    id: UserId,
    change: &Change,
    versions: Option<&[i64]>,
    origin: &Origin,
) -> Result<User, Error> {
    let user = lock(conn, id, versions)?;
    let Some(person) = user
        .person
        .as_ref()
        .filter(|_| user.standing == Standing::Active)
    else {
        return Err(Error::NotActive(user.standing));
    };
    let email = change.email.as_ref().unwrap_or(&person.email);
    let name = change.name.as_ref().unwrap_or(&person.name);
    if (email, name) == (&person.email, &person.name) {
        return Ok(user);
    }
    let changed: Vec<UserRow> = diesel::update(accounts::table.find(id.uuid()))
        .set((
            accounts::email.eq(email.as_str()),
            accounts::name.eq(name.as_str()),
            accounts::version.eq(accounts::version + 1),
            accounts::changed_at.eq(now),
        ))
        .returning(UserRow::as_returning())
        .load(conn.pg())
        .map_err(db::Error::from)?;
    the_one(tell(conn, changed, origin)?)
}

/// Begins to close one account, if it still has one of `versions`. One that is on its way or gone stays as it is.
pub(in crate::users) fn close(
    conn: &mut UsersConn<'_>,
    id: UserId,
    versions: Option<&[i64]>,
    origin: &Origin,
) -> Result<User, Error> {
    let user = lock(conn, id, versions)?;
    if user.standing != Standing::Active {
        return Ok(user);
    }
    let closing: Vec<UserRow> = diesel::update(accounts::table.find(id.uuid()))
        .set((
            accounts::standing.eq(Standing::Closing.word()),
            accounts::refusal.eq(None::<String>),
            accounts::version.eq(accounts::version + 1),
            accounts::changed_at.eq(now),
        ))
        .returning(UserRow::as_returning())
        .load(conn.pg())
        .map_err(db::Error::from)?;
    the_one(tell(conn, closing, origin)?)
}

/// Closes or reopens accounts that are closing, as each is answered, and returns whether there were any. An answer to a version
/// that is past is passed over, and so is one to an account that somebody holds: an answer may be given again.
pub(in crate::users) fn settle(
    conn: &mut UsersConn<'_>,
    answers: &[Answer],
) -> Result<bool, db::Error> {
    let uuids: Vec<Uuid> = answers.iter().map(|answer| answer.user_id.uuid()).collect();
    let waiting: HashMap<Uuid, i64> = accounts::table
        .filter(accounts::id.eq_any(uuids))
        .filter(accounts::standing.eq(Standing::Closing.word()))
        .select((accounts::id, accounts::version))
        .for_update()
        .skip_locked()
        .load(conn.pg())?
        .into_iter()
        .collect();
    let mut by_refusal: HashMap<Option<&str>, Vec<Uuid>> = HashMap::new();
    for answer in answers {
        if waiting.get(&answer.user_id.uuid()) == Some(&answer.version) {
            let alike = by_refusal.entry(answer.refusal.as_deref()).or_default();
            alike.push(answer.user_id.uuid());
        }
    }
    let mut settled = Vec::new();
    for (refusal, uuids) in by_refusal {
        let accounts = accounts::table.filter(accounts::id.eq_any(uuids));
        let next = (
            accounts::version.eq(accounts::version + 1),
            accounts::changed_at.eq(now),
        );
        let rows: Vec<UserRow> = match refusal {
            Some(refusal) => diesel::update(accounts)
                .set((
                    accounts::standing.eq(Standing::Active.word()),
                    accounts::refusal.eq(refusal),
                    next,
                ))
                .returning(UserRow::as_returning())
                .load(conn.pg())?,
            None => diesel::update(accounts)
                .set((
                    accounts::standing.eq(Standing::Closed.word()),
                    accounts::email.eq(None::<String>),
                    accounts::name.eq(None::<String>),
                    next,
                ))
                .returning(UserRow::as_returning())
                .load(conn.pg())?,
        };
        settled.extend(rows);
    }
    let users = tell(conn, settled, &Origin::default())?;
    Ok(!users.is_empty())
}

/// Reads one user, who changes for nobody else until the transaction ends.
fn lock(conn: &mut UsersConn<'_>, id: UserId, versions: Option<&[i64]>) -> Result<User, Error> {
    let found = accounts::table
        .find(id.uuid())
        .select(UserRow::as_select())
        .for_update()
        .first(conn.pg());
    let found = found.optional().map_err(db::Error::from)?;
    let user = User::try_from(found.ok_or(Error::NoSuchUser)?)?;
    match versions {
        Some(versions) if !versions.contains(&user.version) => Err(Error::Changed),
        Some(_) | None => Ok(user),
    }
}

/// Appends the facts of changed accounts, and returns their users.
fn tell(
    conn: &mut UsersConn<'_>,
    changed: Vec<UserRow>,
    origin: &Origin,
) -> Result<Vec<User>, db::Error> {
    let users: Vec<User> = changed
        .into_iter()
        .map(User::try_from)
        .collect::<Result<_, _>>()?;
    let facts: Vec<_> = users
        .iter()
        .map(|user| (Fact::from(user), origin))
        .collect();
    feed::append(conn, &facts)?;
    Ok(users)
}

fn the_one(mut users: Vec<User>) -> Result<User, Error> {
    users.pop().ok_or(Error::NoSuchUser)
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

fn by_id(rows: Vec<UserRow>) -> Result<HashMap<UserId, User>, db::Error> {
    rows.into_iter()
        .map(|row| Ok((row.id.into(), row.try_into()?)))
        .collect()
}
