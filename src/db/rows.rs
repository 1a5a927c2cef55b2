//! Rows in sets: many into one statement, and each back to who asked for it.

use std::{collections::HashMap, hash::Hash, marker::PhantomData};

use diesel::{
    dsl,
    expression::{
        AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate::Never,
    },
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    result::QueryResult,
    serialize::ToSql,
    sql_types::{Array, HasSqlType, SingleValue, Uuid as SqlUuid},
};
use uuid::Uuid;

/// See [`unnest`].
pub(crate) struct Unnest<T, Values> {
    values: Values,
    sql_type: PhantomData<T>,
}

/// One row for each value. Several in one `SELECT` go in step: a row is a value of each.
///
/// `INSERT ... SELECT unnest($1), unnest($2)` has one parameter for each column, so PostgreSQL parses it once for a connection;
/// `INSERT ... VALUES` has one for each value, and is another statement for each number of rows. And PostgreSQL does not see how
/// many values there are: it would make a new plan for each number, and for one row that takes longer than to run it.
pub(crate) const fn unnest<T, Values>(values: Values) -> Unnest<T, Values> {
    Unnest {
        values,
        sql_type: PhantomData,
    }
}

/// Ids for `eq_any`. As with [`unnest`], PostgreSQL does not see how many there are.
pub(crate) fn any(ids: Vec<Uuid>) -> dsl::array<SqlUuid, dsl::select<Unnest<SqlUuid, Vec<Uuid>>>> {
    dsl::array(diesel::select(unnest(ids)))
}

impl<T: SingleValue, Values> Expression for Unnest<T, Values> {
    type SqlType = T;
}

impl<T: 'static, Values: ToSql<Array<T>, Pg>> QueryFragment<Pg> for Unnest<T, Values>
where
    Pg: HasSqlType<T>,
{
    #[expect(
        clippy::disallowed_methods,
        reason = "a function of PostgreSQL, which names no table"
    )]
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("unnest((SELECT ");
        out.push_bind_param::<Array<T>, _>(&self.values)?;
        out.push_sql("))");
        Ok(())
    }
}

impl<T: QueryId, Values> QueryId for Unnest<T, Values> {
    type QueryId = Unnest<T::QueryId, ()>;
    const HAS_STATIC_QUERY_ID: bool = T::HAS_STATIC_QUERY_ID;
}

impl<T, Values> ValidGrouping<()> for Unnest<T, Values> {
    type IsAggregate = Never;
}

impl<T, Values, Tables> AppearsOnTable<Tables> for Unnest<T, Values> where Self: Expression {}

impl<T, Values, Tables> SelectableExpression<Tables> for Unnest<T, Values> where Self: Expression {}

/// What was found for each of the keys that were asked for, in their order. Only what was asked for twice is cloned.
pub(crate) fn hand_out<K: Eq + Hash, V: Clone>(
    asked: &[K],
    mut found: HashMap<K, V>,
) -> Vec<Option<V>> {
    let mut answers: Vec<Option<V>> = Vec::with_capacity(asked.len());
    for (at, key) in asked.iter().enumerate() {
        let answer = found.remove(key).or_else(|| {
            let first = asked[..at].iter().position(|other| other == key)?;
            answers[first].clone()
        });
        answers.push(answer);
    }
    answers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_asked_gets_what_was_found_however_many_asked_for_the_same() {
        let found = HashMap::from([(1, "one"), (2, "two"), (3, "three")]);

        let answers = hand_out(&[2, 9, 1, 2, 9, 2], found);

        assert_eq!(
            answers,
            [
                Some("two"),
                None,
                Some("one"),
                Some("two"),
                None,
                Some("two")
            ]
        );
    }
}
