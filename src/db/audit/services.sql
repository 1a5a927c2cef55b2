-- What every part of the audit stands on. Read-only, and readable by any role that may connect.
-- $1: the services, [{"name", "schema", "owner", "service"}, ...]; $2: roles that are trusted with everything.
WITH RECURSIVE services AS (
    SELECT s.name, s.schema, s.owner AS owner_name, s.service AS service_name,
           n.oid AS nsp, n.nspowner, n.nspacl, o.oid AS owner, r.oid AS service
      FROM jsonb_to_recordset($1) AS s (name text, schema text, owner text, service text)
      LEFT JOIN pg_namespace n ON n.nspname = s.schema
      LEFT JOIN pg_roles o ON o.rolname = s.owner
      LEFT JOIN pg_roles r ON r.rolname = s.service
),
-- The two roles of each service that exist.
roles (schema, nsp, serves, oid, name) AS (
    SELECT schema, nsp, false, owner, owner_name FROM services WHERE owner IS NOT NULL
    UNION ALL
    SELECT schema, nsp, true, service, service_name FROM services WHERE service IS NOT NULL
),
trusted (oid) AS (
    SELECT oid FROM pg_roles WHERE rolname IN (SELECT jsonb_array_elements_text($2)) OR rolsuper AND oid = 10
),
who (oid, label) AS (
    SELECT oid, quote_ident(rolname) FROM pg_roles
    UNION ALL
    SELECT 0, 'PUBLIC'
),
here AS (
    SELECT oid, datname, coalesce(datacl, acldefault('d', datdba)) AS acl
      FROM pg_database WHERE datname = current_database()
),
-- The schemas of PostgreSQL's own.
system_schemas (nsp) AS (
    SELECT oid FROM pg_namespace
     WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast') OR nspname ~ '^pg_(toast_)?temp_'
),
-- Every role that a service's role can become, in one step or several.
becomes (role, via) AS (
    SELECT roles.oid, roleid FROM roles JOIN pg_auth_members ON member = roles.oid
    UNION
    SELECT role, roleid FROM becomes JOIN pg_auth_members ON member = via
),
-- Every role that can become a service's role, in one step or several.
impersonates (role, member) AS (
    SELECT roles.oid, m.member FROM roles JOIN pg_auth_members m ON m.roleid = roles.oid
    UNION
    SELECT role, m.member FROM impersonates i JOIN pg_auth_members m ON m.roleid = i.member
),
-- The roles that no wall stops: superusers, and those by which PostgreSQL lends out a superuser's powers.
mighty (oid, name, super) AS (
    SELECT oid, quote_ident(rolname), rolsuper FROM pg_roles
     WHERE rolsuper
        OR rolname IN ('pg_read_all_data', 'pg_write_all_data', 'pg_read_server_files', 'pg_write_server_files',
                       'pg_execute_server_program', 'pg_maintain', 'pg_create_subscription')
),
-- Every role that can become one of them, in one step or several.
ascends (role, member) AS (
    SELECT mighty.oid, m.member FROM mighty JOIN pg_auth_members m ON m.roleid = mighty.oid
    UNION
    SELECT role, m.member FROM ascends a JOIN pg_auth_members m ON m.roleid = a.member
),
-- The functions that come with a type, such as a range's constructors: theirs are PostgreSQL's, whoever made the type.
inherent (oid) AS (
    SELECT objid FROM pg_depend
     WHERE classid = 'pg_proc'::regclass AND refclassid = 'pg_type'::regclass AND deptype = 'i'
),
-- What an extension brought; the extension itself is what is looked at.
extended (classid, oid) AS (
    SELECT classid, objid FROM pg_depend WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
),
-- Every object that lives in a schema of somebody's own making.
objects (classid, objid, nsp, kind, label) AS (
    SELECT o.* FROM (
        SELECT 'pg_class'::regclass::oid, oid, relnamespace, 'relation', relname::text FROM pg_class
        UNION ALL SELECT 'pg_proc'::regclass, oid, pronamespace, 'function', proname FROM pg_proc
        UNION ALL SELECT 'pg_type'::regclass, oid, typnamespace, 'type', typname FROM pg_type
        UNION ALL SELECT 'pg_operator'::regclass, oid, oprnamespace, 'operator', oprname FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid, opcnamespace, 'operator class', opcname FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, opfnamespace, 'operator family', opfname FROM pg_opfamily
        UNION ALL SELECT 'pg_amop'::regclass, a.oid, opfnamespace, 'operator family', opfname
                    FROM pg_amop a JOIN pg_opfamily f ON f.oid = amopfamily
        UNION ALL SELECT 'pg_amproc'::regclass, a.oid, opfnamespace, 'operator family', opfname
                    FROM pg_amproc a JOIN pg_opfamily f ON f.oid = amprocfamily
        UNION ALL SELECT 'pg_collation'::regclass, oid, collnamespace, 'collation', collname FROM pg_collation
        UNION ALL SELECT 'pg_conversion'::regclass, oid, connamespace, 'conversion', conname FROM pg_conversion
        UNION ALL SELECT 'pg_ts_config'::regclass, oid, cfgnamespace, 'text search configuration', cfgname FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid, dictnamespace, 'text search dictionary', dictname FROM pg_ts_dict
        UNION ALL SELECT 'pg_statistic_ext'::regclass, oid, stxnamespace, 'statistics', stxname FROM pg_statistic_ext
        UNION ALL SELECT 'pg_constraint'::regclass, oid, connamespace, 'constraint', conname FROM pg_constraint WHERE contype <> 'f'
        UNION ALL SELECT 'pg_rewrite'::regclass, r.oid, relnamespace, 'view or rule', relname
                    FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
        UNION ALL SELECT 'pg_attrdef'::regclass, d.oid, relnamespace, 'default', relname
                    FROM pg_attrdef d JOIN pg_class c ON c.oid = adrelid
        UNION ALL SELECT 'pg_trigger'::regclass, t.oid, relnamespace, 'trigger', relname
                    FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid
        UNION ALL SELECT 'pg_policy'::regclass, p.oid, relnamespace, 'policy', relname
                    FROM pg_policy p JOIN pg_class c ON c.oid = polrelid
    ) AS o (classid, objid, nsp, kind, label)
    WHERE nsp NOT IN (SELECT nsp FROM system_schemas)
)
