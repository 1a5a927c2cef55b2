-- What this database still lacks: one statement a row, in the order to run them. No row: nothing to do.
-- Read-only. $1 is the list of services as JSON: [{"schema", "owner", "service"}, ...]; $2 the database's name, which says
-- what to compare with when the database does not exist yet and another one is looked at in its stead; $3 what to set and what to
-- close: {"settings": [{"serves", "name", "value"}, ...], "functions": a regular expression over signatures}.
WITH services AS (
    SELECT s.*, o.oid AS owner_oid, r.oid AS service_oid, n.oid AS schema_oid, n.nspowner, n.nspacl
      FROM jsonb_to_recordset($1) AS s (schema text, owner text, service text)
      LEFT JOIN pg_roles o ON o.rolname = s.owner
      LEFT JOIN pg_roles r ON r.rolname = s.service
      LEFT JOIN pg_namespace n ON n.nspname = s.schema
),
roles (name, oid, schema, serves) AS (
    SELECT owner, owner_oid, schema, false FROM services
    UNION ALL
    SELECT service, service_oid, schema, true FROM services
),
here AS (
    SELECT oid, wanted.name AS datname, coalesce(datacl, acldefault('d', coalesce(datdba, 10))) AS acl
      FROM (VALUES ($2)) AS wanted (name)
      LEFT JOIN pg_database ON datname = wanted.name
),
settings (serves, name, value) AS (
    SELECT * FROM jsonb_to_recordset($3->'settings') AS s (serves boolean, name text, value text)
),
wanted_settings (role, oid, name, value) AS (
    SELECT roles.name, roles.oid, settings.name, settings.value FROM roles JOIN settings USING (serves)
    UNION ALL
    SELECT name, oid, 'search_path', schema FROM roles
),
-- The functions of pg_catalog that are closed to PUBLIC.
shared_doors AS (
    SELECT oid, oid::regprocedure AS signature, coalesce(proacl, acldefault('f', proowner)) AS acl
      FROM pg_proc
     WHERE pronamespace = 'pg_catalog'::regnamespace AND oid::regprocedure::text ~ ($3->>'functions')
),
plan (step, statement) AS (
    -- 1. Who may enter: the service's own two roles, by name, to connect and for nothing else.
    SELECT 1, format('REVOKE %s ON DATABASE %I FROM %s',
                     CASE WHEN a.privilege_type = 'CONNECT' AND a.grantee <> 0 THEN 'GRANT OPTION FOR ' ELSE '' END || a.privilege_type,
                     datname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
      FROM here, aclexplode(acl) a
     WHERE a.grantee = 0
        OR a.grantee IN (SELECT oid FROM roles) AND (a.privilege_type <> 'CONNECT' OR a.is_grantable)

    UNION ALL
    SELECT 2, format('GRANT CONNECT ON DATABASE %I TO %I', datname, name)
      FROM here, roles
     WHERE NOT EXISTS (SELECT FROM aclexplode(acl) a
                        WHERE a.grantee = roles.oid AND a.privilege_type = 'CONNECT')

    UNION ALL
    SELECT 3, format('ALTER ROLE %I IN DATABASE %I SET %s = %L', role, datname, name, value)
      FROM here, wanted_settings AS wanted
     WHERE NOT EXISTS (SELECT FROM pg_db_role_setting, unnest(setconfig) AS have
                        WHERE setrole = wanted.oid AND setdatabase = here.oid AND have = name || '=' || value)

    -- A role may change its own settings; what it changed goes.
    UNION ALL
    SELECT 3, format('ALTER ROLE %I%s RESET %s', roles.name,
                     CASE setdatabase WHEN 0 THEN '' ELSE format(' IN DATABASE %I', datname) END, setting)
      FROM here, roles
      JOIN pg_db_role_setting ON setrole = roles.oid,
           LATERAL (SELECT split_part(entry, '=', 1) FROM unnest(setconfig) AS entry) AS have (setting)
     WHERE setdatabase IN (0, here.oid)
       AND NOT EXISTS (SELECT FROM wanted_settings AS wanted
                        WHERE wanted.oid = roles.oid AND wanted.name = setting AND setdatabase <> 0)

    -- 2. The schemas. Each belongs to its owner; its service may enter; nobody else is named.
    UNION ALL
    SELECT 4, format('CREATE SCHEMA %I AUTHORIZATION %I', schema, owner)
      FROM services WHERE schema_oid IS NULL

    UNION ALL
    SELECT 5, format('ALTER SCHEMA %I OWNER TO %I', schema, owner)
      FROM services WHERE nspowner <> owner_oid

    UNION ALL
    SELECT DISTINCT 6, format('REVOKE %s ON SCHEMA %I FROM %s',
                              CASE WHEN a.grantee IS DISTINCT FROM s.service_oid THEN 'ALL'
                                   WHEN a.privilege_type = 'USAGE' THEN 'GRANT OPTION FOR USAGE'
                                   WHEN a.privilege_type = 'CREATE' THEN 'CREATE' ELSE 'ALL' END,
                              n.nspname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END)
      FROM pg_namespace n
      LEFT JOIN services s ON s.schema_oid = n.oid,
           LATERAL aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
     WHERE n.nspname = 'public' AND (a.grantee = 0 OR a.grantee IN (SELECT oid FROM roles))
        OR a.grantee NOT IN (s.owner_oid, n.nspowner) AND NOT (a.grantee = s.service_oid AND a.privilege_type = 'USAGE' AND NOT a.is_grantable)

    UNION ALL
    SELECT 7, format('GRANT USAGE ON SCHEMA %I TO %I', schema, service)
      FROM services
     WHERE NOT EXISTS (SELECT FROM aclexplode(nspacl) a
                        WHERE a.grantee = service_oid AND a.privilege_type = 'USAGE')

    -- 3. What PostgreSQL would give to everyone. Only a revocation without IN SCHEMA takes away the built-in default.
    UNION ALL
    SELECT 8, format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON %s FROM PUBLIC', owner, kind)
      FROM services, (VALUES ('f', 'ROUTINES'), ('T', 'TYPES')) AS kinds (code, kind)
     WHERE NOT EXISTS (SELECT FROM pg_default_acl
                        WHERE defaclrole = owner_oid AND defaclnamespace = 0 AND defaclobjtype = code
                          AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0))

    UNION ALL
    SELECT 9, 'REVOKE USAGE ON LANGUAGE plpgsql FROM PUBLIC'
      FROM pg_language
     WHERE lanname = 'plpgsql' AND EXISTS (SELECT FROM aclexplode(coalesce(lanacl, acldefault('l', lanowner))) WHERE grantee = 0)

    UNION ALL
    SELECT 10, format('GRANT USAGE ON LANGUAGE plpgsql TO %I', owner)
      FROM services, pg_language
     WHERE lanname = 'plpgsql' AND NOT EXISTS (SELECT FROM aclexplode(lanacl) a WHERE a.grantee = owner_oid)

    UNION ALL
    SELECT 11, format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', signature)
      FROM shared_doors
     WHERE EXISTS (SELECT FROM aclexplode(acl) WHERE grantee = 0)

    -- An owner migrates under an advisory lock, so that several may start at once.
    UNION ALL
    SELECT 12, format('GRANT EXECUTE ON FUNCTION %s TO %I', signature, owner)
      FROM services, shared_doors
     WHERE signature = 'pg_advisory_lock(bigint)'::regprocedure
       AND NOT EXISTS (SELECT FROM aclexplode(acl) a WHERE a.grantee = owner_oid)
)
SELECT statement FROM plan ORDER BY step, statement;
