//! For each row of one query the rows of another: `LATERAL`, which Diesel does not have.
//!
//! The inner query ends in `OFFSET 0`, so that PostgreSQL makes no other kind of join of it. The plan is a nested loop over an
//! index, whatever the statistics say, or do not say yet: after a mass insert, a plain join reads the whole of the other table.
#![expect(clippy::disallowed_methods, reason = "this SQL names nobody's table")]

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId, SelectQuery},
    sql_types::{Array, BigInt, Uuid as SqlUuid},
};
use uuid::Uuid;

diesel::table! {
    /// What is asked for, a row for each question; to the query that answers them, and nowhere else.
    asked (place) {
        /// The question's place in the run, from 1.
        place -> BigInt,
        /// Whose rows are asked for.
        owner -> Uuid,
        /// The id that they come after.
        after -> Uuid,
        /// How many there may be.
        most -> BigInt,
    }
}

/// The answers of a query to many questions, each row with the place of its question. The query knows its question as [`asked`].
///
/// As with [`any`](super::any), PostgreSQL does not see how many there are, and keeps its plan.
#[derive(QueryId)]
pub(crate) struct ForEach<Answer> {
    owners: Vec<Uuid>,
    afters: Vec<Uuid>,
    mosts: Vec<i64>,
    answer: Answer,
}

/// The rows of a query, as many as are asked for.
#[derive(QueryId)]
pub(crate) struct AtMost<Rows>(pub(crate) Rows);

/// The rows of a query, each with each of its `lines`. Their query knows the row as `each`.
#[derive(QueryId)]
pub(crate) struct WithLines<Rows, Lines> {
    pub(crate) rows: Rows,
    pub(crate) lines: Lines,
}

impl<Answer> ForEach<Answer> {
    /// Asks, with each question, for rows of an owner, after an id, and at most so many.
    pub(crate) fn new(questions: impl Iterator<Item = (Uuid, Uuid, i64)>, answer: Answer) -> Self {
        let (owners, afters, mosts) = questions.collect();
        Self {
            owners,
            afters,
            mosts,
            answer,
        }
    }
}

impl<Answer: SelectQuery> Query for ForEach<Answer> {
    type SqlType = (BigInt, Answer::SqlType);
}

impl<Answer> RunQueryDsl<PgConnection> for ForEach<Answer> {}

impl<Answer: QueryFragment<Pg>> QueryFragment<Pg> for ForEach<Answer> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT asked.place, answer.* FROM unnest((SELECT ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.owners)?;
        out.push_sql("), (SELECT ");
        out.push_bind_param::<Array<SqlUuid>, _>(&self.afters)?;
        out.push_sql("), (SELECT ");
        out.push_bind_param::<Array<BigInt>, _>(&self.mosts)?;
        out.push_sql(
            ")) WITH ORDINALITY AS asked (owner, after, most, place) CROSS JOIN LATERAL (",
        );
        self.answer.walk_ast(out.reborrow())?;
        out.push_sql(" OFFSET 0) AS answer");
        Ok(())
    }
}

impl<Rows: SelectQuery> SelectQuery for AtMost<Rows> {
    type SqlType = Rows::SqlType;
}

impl<Rows: QueryFragment<Pg>> QueryFragment<Pg> for AtMost<Rows> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" LIMIT asked.most");
        Ok(())
    }
}

impl<Rows: SelectQuery, Lines: SelectQuery> SelectQuery for WithLines<Rows, Lines> {
    type SqlType = (Rows::SqlType, Lines::SqlType);
}

impl<Rows: SelectQuery, Lines: SelectQuery> Query for WithLines<Rows, Lines> {
    type SqlType = (Rows::SqlType, Lines::SqlType);
}

impl<Rows, Lines> RunQueryDsl<PgConnection> for WithLines<Rows, Lines> {}

impl<Rows: QueryFragment<Pg>, Lines: QueryFragment<Pg>> QueryFragment<Pg>
    for WithLines<Rows, Lines>
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM (");
        self.rows.walk_ast(out.reborrow())?;
        out.push_sql(") AS each CROSS JOIN LATERAL (");
        self.lines.walk_ast(out.reborrow())?;
        out.push_sql(" OFFSET 0) AS line");
        Ok(())
    }
}
