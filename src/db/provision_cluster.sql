-- What the cluster still lacks: one statement a row, in the order to run them. No row: nothing to do.
-- Read-only. $1 is the list of services as JSON: [{"schema", "owner", "service"}, ...]; $2 the database.
WITH services AS (
    SELECT * FROM jsonb_to_recordset($1) AS s (schema text, owner text, service text)
),
wanted (name, connections) AS (
    SELECT owner, 8 FROM services
    UNION ALL
    SELECT service, $3 FROM services
),
plan (step, statement) AS (
    -- 1. Two roles a service. They can log in and do nothing else; what they may do is granted object by object.
    SELECT 1, format('CREATE ROLE %I LOGIN NOINHERIT CONNECTION LIMIT %s', name, connections)
      FROM wanted
     WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)

    UNION ALL
    SELECT 2, format('ALTER ROLE %I %s', name, drift)
      FROM wanted
      JOIN pg_roles ON rolname = name,
           LATERAL nullif(concat_ws(' ',
               CASE WHEN NOT rolcanlogin THEN 'LOGIN' END,
               CASE WHEN rolsuper THEN 'NOSUPERUSER' END,
               CASE WHEN rolcreatedb THEN 'NOCREATEDB' END,
               CASE WHEN rolcreaterole THEN 'NOCREATEROLE' END,
               CASE WHEN rolinherit THEN 'NOINHERIT' END,
               CASE WHEN rolreplication THEN 'NOREPLICATION' END,
               CASE WHEN rolbypassrls THEN 'NOBYPASSRLS' END,
               CASE WHEN rolconnlimit <> connections THEN 'CONNECTION LIMIT ' || connections END), '') AS drift
     WHERE drift IS NOT NULL

    -- 2. Nobody is a member of a service's role, and a service's role is a member of nothing.
    UNION ALL
    SELECT 3, format('REVOKE %s FROM %s', roleid::regrole, member::regrole)
      FROM pg_auth_members
     WHERE roleid IN (SELECT oid FROM pg_roles JOIN wanted ON rolname = name)
        OR member IN (SELECT oid FROM pg_roles JOIN wanted ON rolname = name)

    -- 3. The database. PUBLIC may neither enter it nor the two that every cluster starts with.
    UNION ALL
    SELECT 4, format('CREATE DATABASE %I TEMPLATE template0 ENCODING ''UTF8''', $2)
     WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = $2)

    UNION ALL
    SELECT 5, format('REVOKE ALL ON DATABASE %I FROM PUBLIC', datname)
      FROM pg_database
     WHERE datname IN ('postgres', 'template1')
       AND EXISTS (SELECT FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE grantee = 0)
)
SELECT statement FROM plan ORDER BY step, statement;
