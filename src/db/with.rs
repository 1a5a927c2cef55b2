//! One statement of several parts: `WITH`, which Diesel does not have.
//!
//! What one part writes, the next may read, by the names that a part gives its rows: a `table!` of the service's store that names
//! nobody's table. All of it is one trip to the database, and a transaction of its own.
#![expect(clippy::disallowed_methods, reason = "this SQL names nobody's table")]

use std::marker::PhantomData;

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AsQuery, AstPass, Query, QueryFragment, QueryId},
};

/// What the rows of a part are called.
pub(crate) trait Named {
    /// The name; then, unless the part says how each column is called, these in parentheses.
    const NAME: &'static str;
}

/// A part, and what its rows are called.
#[derive(QueryId)]
pub(crate) struct Part<Name, Body> {
    name: PhantomData<Name>,
    body: Body,
}

/// Parts, one or a tuple of them, of which `made` writes the rows that the statement answers.
#[derive(QueryId)]
pub(crate) struct With<Before, Name, Body, After> {
    pub(crate) before: Before,
    pub(crate) made: Part<Name, Body>,
    pub(crate) after: After,
}

impl<Name: Named, Body> Part<Name, Body> {
    /// Names rows by all of their columns.
    pub(crate) const fn of_rows(name: &Name, body: Body) -> Self
    where
        Name: AsQuery,
        Body: Query<SqlType = Name::SqlType>,
    {
        Self::new(name, body)
    }

    /// Names what a statement returns, if anything.
    pub(crate) const fn new(_name: &Name, body: Body) -> Self {
        Self {
            name: PhantomData,
            body,
        }
    }
}

impl<Name: Named, Body: QueryFragment<Pg>> QueryFragment<Pg> for Part<Name, Body> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(Name::NAME);
        out.push_sql(" AS (");
        self.body.walk_ast(out.reborrow())?;
        out.push_sql(")");
        Ok(())
    }
}

impl<Before, Name, Body: Query, After> Query for With<Before, Name, Body, After> {
    type SqlType = Body::SqlType;
}

impl<Before, Name, Body, After> RunQueryDsl<PgConnection> for With<Before, Name, Body, After> {}

impl<Before, Name, Body, After> QueryFragment<Pg> for With<Before, Name, Body, After>
where
    Before: QueryFragment<Pg>,
    Name: Named,
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
        out.push_sql(Name::NAME);
        Ok(())
    }
}
