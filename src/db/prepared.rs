//! Statements that change rows, prepared once for a connection.

use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
};

/// A statement whose SQL is always the same. Of an UPDATE Diesel does not know that: a field that is `None` would be left out. So it
/// has PostgreSQL parse and plan each one anew, which takes longer than to change a row.
pub(crate) struct Prepared<Statement>(pub(crate) Statement);

impl<Statement: Query> Query for Prepared<Statement> {
    type SqlType = Statement::SqlType;
}

impl<Statement> RunQueryDsl<PgConnection> for Prepared<Statement> {}

/// It is known by its text. Should that vary after all, there would be one prepared statement for each.
impl<Statement> QueryId for Prepared<Statement> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Statement: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Statement> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::names;

    names! {
        /// Anything.
        things (id) {
            id -> Integer,
            name -> Text,
        }
    }

    #[test]
    fn an_update_is_kept_when_we_say_that_its_text_never_varies_and_not_otherwise() {
        let update = || diesel::update(things::table).set(things::name.eq("tea"));
        let is_kept =
            |statement: &dyn QueryFragment<Pg>| statement.is_safe_to_cache_prepared(&Pg).unwrap();

        assert!(!is_kept(&update()));
        assert!(is_kept(&Prepared(update())));
    }
}
