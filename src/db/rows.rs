//! Rows in sets: many into one statement, and each back to who asked for it.

use std::{collections::HashMap, hash::Hash};

use diesel::{
    dsl,
    sql_types::{Array, SingleValue, Uuid as SqlUuid},
};
use uuid::Uuid;

/// PostgreSQL's `unnest`, which Diesel does not bring.
#[expect(
    clippy::disallowed_methods,
    reason = "an SQL function of PostgreSQL, which names no table"
)]
mod function {
    use super::{Array, SingleValue};

    diesel::define_sql_function! {
        /// One row for each element of an array. Several in one `SELECT` go in step: a row is an element of each.
        ///
        /// `INSERT ... SELECT unnest($1), unnest($2)` has one parameter for each column, so PostgreSQL parses and plans it once
        /// for a connection; `INSERT ... VALUES` has one for each value, and is another statement for each number of rows.
        fn unnest<T: SingleValue>(array: Array<T>) -> T;
    }
}

pub(crate) use function::unnest;

/// Ids for `eq_any`. PostgreSQL does not see how many there are: it would make a new plan for each number, and for one row that
/// takes several times as long as to read the row.
pub(crate) fn any(ids: Vec<Uuid>) -> dsl::array<SqlUuid, dsl::select<unnest<SqlUuid, Vec<Uuid>>>> {
    dsl::array(diesel::select(unnest(ids)))
}

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
