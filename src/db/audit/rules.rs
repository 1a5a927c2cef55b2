//! What each rule of the audit means: what its breach allows.

/// Every rule and what a breach of it allows.
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "missing-schema",
        "nothing yet: the service has no schema of its own",
    ),
    (
        "missing-role",
        "nothing yet: the service has no role of its own to log in as",
    ),
    (
        "shared-role",
        "what one login does cannot be told from, or kept from, what the other may",
    ),
    (
        "role-attribute",
        "the role passes or undoes walls by itself",
    ),
    (
        "superuser",
        "no grant holds against this role; name it as trusted if it has to be",
    ),
    (
        "membership",
        "a service's role becomes another role, with all that it may do",
    ),
    (
        "impersonation",
        "a role becomes a service's role, with all that it may do",
    ),
    (
        "predefined-role",
        "the role reads, writes or runs everything, past every grant; name it as trusted if it has to be",
    ),
    (
        "effective-reach",
        "a role that is none of the service's own gets into its schema, whichever way",
    ),
    (
        "schema-owner",
        "another role than its owner role can do anything to the schema",
    ),
    (
        "object-owner",
        "another role than the service's owner role can do anything to the object, and grant it on",
    ),
    (
        "owned-elsewhere",
        "a service's role rules over something that is not its service's",
    ),
    (
        "foreign-grant",
        "somebody else than the service uses what is in its schema",
    ),
    (
        "excess-grant",
        "the serving role does more than serve: it could grant on, build, or rewrite its history",
    ),
    (
        "default-grant",
        "whatever is created next is open to somebody else from the start",
    ),
    (
        "default-public-execute",
        "every function of a later migration can be run by anyone",
    ),
    (
        "outside-grant",
        "a service's role uses something outside its schema",
    ),
    (
        "public-grant",
        "every role uses it, the services' roles too",
    ),
    (
        "catalog-grant",
        "a role reads or does what PostgreSQL keeps to superusers, such as all roles' passwords",
    ),
    (
        "database-owner",
        "the role drops the database, renames it, and chooses what its sessions start with",
    ),
    (
        "template-database",
        "anyone who may make a database copies this one, without its grants and limits",
    ),
    (
        "database-grant",
        "the role does more in this database than connect by its own name",
    ),
    (
        "other-database",
        "a service's role logs in to another database of the server",
    ),
    (
        "setting-missing",
        "the role's sessions lack a limit, or start in another schema",
    ),
    (
        "setting-foreign",
        "sessions start with something that was not provisioned",
    ),
    (
        "connection-limit",
        "one service takes all connections of the server",
    ),
    (
        "connection-budget",
        "the services together take more connections than the server has",
    ),
    (
        "parameter-grant",
        "the role changes a setting of the server",
    ),
    (
        "cross-schema-key",
        "rows of one service block, lock and reveal rows of the other",
    ),
    (
        "cross-schema-object",
        "one schema cannot change, move or be dropped without the other",
    ),
    (
        "cross-schema-code",
        "code of one schema reads or writes another, with the rights of whoever calls it",
    ),
    (
        "security-definer",
        "its caller acts with its owner's rights, and can choose what its names mean",
    ),
    (
        "view-as-owner",
        "its reader reads with the rights of a role that is not the service's",
    ),
    (
        "catalog-object",
        "it looks like a part of PostgreSQL, where every role finds it first",
    ),
    (
        "native-code",
        "code that no grant binds; it may be a closed function under another name",
    ),
    (
        "event-trigger",
        "code runs with the rights of whoever changes a schema",
    ),
    (
        "extension",
        "code that was not audited; many an extension reaches files, networks or other databases",
    ),
    (
        "foreign-server",
        "a way to other data, or back into this database under another name",
    ),
    ("publication", "a service's rows leave by replication"),
    (
        "subscription",
        "rows come in by replication, past the service",
    ),
    ("large-object", "data that belongs to no schema"),
    (
        "shared-function",
        "one role starves, signals or outwits the others",
    ),
    ("language", "the serving role runs programs in the database"),
    // What only the check before serving looks at:
    (
        "wrong-login",
        "one service serves with the rights of another role",
    ),
    (
        "migrations",
        "the program and the schema do not know each other",
    ),
    ("durability", "what was acknowledged is lost in a crash"),
];

/// Whether this is the name of a rule, or an id, which is a rule's name with eight hexadecimal digits.
pub fn is_known(name: &str) -> bool {
    let is_rule = |name: &str| RULES.iter().any(|(rule, _)| *rule == name);
    let of_an_id = name
        .rsplit_once('-')
        .filter(|(_, hash)| hash.len() == 8 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
    is_rule(name) || of_an_id.is_some_and(|(rule, _)| is_rule(rule))
}

/// What a breach of `rule` allows.
pub(super) fn allows(rule: &str) -> &'static str {
    RULES
        .iter()
        .find(|(name, _)| *name == rule)
        .map_or("more than it should", |(_, allows)| allows)
}
