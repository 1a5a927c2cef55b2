//! What a service is to the database: one name, from which its schema and its two roles follow.

use diesel_migrations::EmbeddedMigrations;

/// A service as the database knows it: a schema, two roles and a set of migrations, all named after it.
#[derive(Clone, Copy, Debug)]
pub struct Service {
    name: &'static str,
    migrations: fn() -> EmbeddedMigrations,
}

impl Service {
    /// Names a service and its migrations. The name is also its schema's, so it must be a plain SQL identifier.
    pub const fn new(name: &'static str, migrations: fn() -> EmbeddedMigrations) -> Self {
        Self { name, migrations }
    }

    /// The service's name, which is its schema's name too.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The role that migrates: it owns the schema and everything in it, and no serving process holds its password.
    pub fn owner_role(&self) -> String {
        format!("{}_owner", self.name)
    }

    /// The role that serves: it owns nothing and may do what the migrations granted, table by table.
    pub fn service_role(&self) -> String {
        format!("{}_service", self.name)
    }

    /// The migrations compiled into this binary.
    pub fn migrations(&self) -> EmbeddedMigrations {
        (self.migrations)()
    }
}

/// Ties pools and connections to the one service that may use them.
///
/// Each service implements it once, on a type that nobody else can name.
pub(crate) trait Owner: 'static {
    /// The service that owns what carries this type.
    const SERVICE: Service;
}
