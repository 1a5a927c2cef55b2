-- Databases: who may enter which, and what the roles' sessions start with. $3: what provisioning sets and closes.
, wanted (role, oid, name, value) AS (
    SELECT roles.name, roles.oid, s.name, s.value
      FROM roles JOIN jsonb_to_recordset($3->'settings') AS s (serves boolean, name text, value text) USING (serves)
     -- One role for both duties, which is a finding of its own, serves.
     WHERE serves OR NOT EXISTS (SELECT FROM services WHERE service = roles.oid)
    UNION ALL
    SELECT name, oid, 'search_path', quote_ident(schema) FROM roles
),
sessions (role, database, name, value) AS (
    SELECT setrole, setdatabase, split_part(s, '=', 1), substr(s, strpos(s, '=') + 1)
      FROM pg_db_role_setting, unnest(setconfig) s
)
SELECT 'database-grant' AS rule, label AS role, 'database ' || quote_ident(datname) AS object,
       privilege_type || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END AS privilege,
       -- A role of a service that connects by name may go on; it may only not pass that on.
       CASE WHEN grantee IN (SELECT oid FROM roles) AND privilege_type = 'CONNECT'
            THEN format('REVOKE GRANT OPTION FOR CONNECT ON DATABASE %I FROM %s CASCADE', datname, label)
            ELSE format('REVOKE %s ON DATABASE %I FROM %s CASCADE', privilege_type, datname, label) END AS fix
  FROM here, aclexplode(acl) JOIN who ON who.oid = grantee
 WHERE grantee = 0
    OR grantee IN (SELECT oid FROM roles) AND (privilege_type <> 'CONNECT' OR is_grantable)
    OR privilege_type <> 'CONNECT' AND grantee NOT IN (SELECT oid FROM trusted)
   AND grantee <> (SELECT datdba FROM pg_database WHERE oid = here.oid)

-- A database's owner drops it, renames it, and sets what every session in it starts with.
UNION ALL
SELECT 'database-owner', quote_ident(rolname), 'database ' || quote_ident(d.datname), 'OWNER',
       format('ALTER DATABASE %I OWNER TO <an administrator>', d.datname)
  FROM here JOIN pg_database d USING (oid) JOIN pg_roles r ON r.oid = datdba
 WHERE NOT rolsuper AND datdba NOT IN (SELECT oid FROM trusted)

UNION ALL
SELECT 'template-database', 'every role with CREATEDB', 'database ' || quote_ident(d.datname), 'TEMPLATE',
       format('ALTER DATABASE %I IS_TEMPLATE false', d.datname)
  FROM here JOIN pg_database d USING (oid)
 WHERE datistemplate

UNION ALL
SELECT 'other-database', label, 'database ' || quote_ident(d.datname), privilege_type,
       format('REVOKE %s ON DATABASE %I FROM %s', privilege_type, d.datname, label)
  FROM here, pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) JOIN who ON who.oid = grantee
 WHERE d.datallowconn AND d.oid <> here.oid AND (grantee = 0 OR grantee IN (SELECT oid FROM roles))

-- A role may change its own settings; so they are looked at again and again.
UNION ALL
SELECT 'setting-missing', wanted.role, wanted.name, wanted.value,
       -- The path is a list of names, not a text.
       format(CASE wanted.name WHEN 'search_path' THEN 'ALTER ROLE %I IN DATABASE %I SET %s = %s'
                               ELSE 'ALTER ROLE %I IN DATABASE %I SET %s = %L' END, wanted.role, datname, wanted.name, wanted.value)
  FROM here, wanted
 WHERE NOT EXISTS (SELECT FROM sessions s
                    WHERE s.role = wanted.oid AND s.database = here.oid AND s.name = wanted.name AND s.value = wanted.value)
UNION ALL
SELECT 'setting-foreign', CASE s.role WHEN 0 THEN 'every role' ELSE s.role::regrole::text END, s.name, s.value,
       CASE WHEN s.role = 0 AND s.database = 0 THEN format('ALTER ROLE ALL RESET %s', s.name)
            WHEN s.role = 0 THEN format('ALTER DATABASE %I RESET %s', datname, s.name)
            WHEN s.database = 0 THEN format('ALTER ROLE %s RESET %s', s.role::regrole, s.name)
            ELSE format('ALTER ROLE %s IN DATABASE %I RESET %s', s.role::regrole, datname, s.name) END
  FROM here, sessions s
 WHERE s.database IN (0, here.oid)
   AND (s.role = 0 OR s.role IN (SELECT oid FROM roles))
   AND NOT EXISTS (SELECT FROM wanted
                    WHERE wanted.oid = s.role AND s.database = here.oid AND wanted.name = s.name AND wanted.value = s.value)

UNION ALL
SELECT 'connection-limit', name, '', 'CONNECTION LIMIT ' || rolconnlimit, format('ALTER ROLE %I CONNECTION LIMIT 20', name)
  FROM roles JOIN pg_roles r USING (oid)
 WHERE rolconnlimit < 0
UNION ALL
SELECT 'connection-budget', 'all services', 'max_connections', sum(rolconnlimit)::text,
       '-- raise max_connections, or lower the roles'' limits'
  FROM roles JOIN pg_roles r USING (oid)
HAVING sum(rolconnlimit) > current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int

-- Whoever it is: many a setting of the server runs a program, or opens what is closed.
UNION ALL
SELECT 'parameter-grant', label, 'parameter ' || parname, privilege_type,
       format('REVOKE %s ON PARAMETER %s FROM %s CASCADE', privilege_type, parname, label)
  FROM pg_parameter_acl, aclexplode(paracl) JOIN who ON who.oid = grantee
 WHERE grantee NOT IN (SELECT oid FROM trusted)
