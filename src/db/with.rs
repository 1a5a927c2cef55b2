//! One statement of several parts: `WITH`, which Diesel does not have.
//!
//! What one part writes, the next may read, by the name that the part gives its rows ([`names`]). All of it is one trip to the
//! database, and a transaction of its own.
#![expect(clippy::disallowed_methods, reason = "this SQL names nobody's table")]

use diesel::{
    Column, Table,
    pg::Pg,
    prelude::*,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
};

/// Declares names for rows, as `table!` does for tables. None of them can be a table's: that has the name of its schema before it.
macro_rules! names {
    ($($(#[$docs:meta])* $name:ident $key:tt $columns:tt)*) => {
        $(diesel::table! {
            $(#[$docs])*
            #[expect(clippy::disallowed_methods, reason = "names nobody's table")]
            $name $key $columns
        })*
    };
}

pub(crate) use names;

/// Parts, one or a tuple of them, of which `made` writes the rows that the statement answers.
#[derive(QueryId)]
pub(crate) struct With<Before, Name, Body, After> {
    pub(crate) before: Before,
    pub(crate) made: Part<Name, Body>,
    pub(crate) after: After,
}

/// A statement whose rows, if it returns any, go by a name.
#[derive(QueryId)]
pub(crate) struct Part<Name, Body>(pub(crate) Name, pub(crate) Body);

/// A query whose rows go by a name, and its columns by those of the name.
#[derive(QueryId)]
pub(crate) struct Rows<Name, Body>(Name, Body);

/// A statement whose rows no other part reads. There can be one.
#[derive(QueryId)]
pub(crate) struct Unread<Body>(pub(crate) Body);

impl<Name: AsQuery, Body: Query<SqlType = Name::SqlType>> Rows<Name, Body> {
    pub(crate) const fn new(name: Name, body: Body) -> Self {
        Self(name, body)
    }
}

impl<Before, Name, Body: Query, After> Query for With<Before, Name, Body, After> {
    type SqlType = Body::SqlType;
}

impl<Before, Name, Body, After> RunQueryDsl<PgConnection> for With<Before, Name, Body, After> {}

impl<Before, Name, Body, After> QueryFragment<Pg> for With<Before, Name, Body, After>
where
    Before: QueryFragment<Pg>,
    Name: QueryFragment<Pg>,
    Body: QueryFragment<Pg>,
    After: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH ");
        self.before.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.made.walk_ast(out.reborrow())?;
        out.push_sql(", ");
        self.after.walk_ast(out.reborrow())?;
        out.push_sql(" SELECT * FROM ");
        self.made.0.walk_ast(out)
    }
}

impl<Name: QueryFragment<Pg>, Body: QueryFragment<Pg>> QueryFragment<Pg> for Part<Name, Body> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" AS (");
        self.1.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<Name, Body> QueryFragment<Pg> for Rows<Name, Body>
where
    Name: Table<AllColumns: Columns> + QueryFragment<Pg>,
    Body: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        let mut before = " (";
        for column in Name::AllColumns::NAMES {
            out.push_sql(before);
            out.push_identifier(column)?;
            before = ", ";
        }
        out.push_sql(") AS (");
        self.1.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<Body: QueryFragment<Pg>> QueryFragment<Pg> for Unread<Body> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("unread AS (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

/// All columns of a name, from one to eight.
pub(crate) trait Columns {
    const NAMES: &'static [&'static str];
}

macro_rules! columns {
    ($first:ident $($other:ident)*) => {
        impl<$first: Column, $($other: Column),*> Columns for ($first, $($other),*) {
            const NAMES: &'static [&'static str] = &[$first::NAME, $($other::NAME),*];
        }
        columns!($($other)*);
    };
    () => {};
}

columns!(A B C D E F G H);
