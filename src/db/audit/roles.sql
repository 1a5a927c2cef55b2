-- Roles: are they there, what may they do by themselves, and who can become whom?
SELECT 'missing-schema' AS rule, owner_name AS role, schema AS object, '' AS privilege,
       format('CREATE SCHEMA %I AUTHORIZATION %I', schema, owner_name) AS fix
  FROM services WHERE nsp IS NULL

UNION ALL
SELECT 'missing-role', wanted, schema, '', format('CREATE ROLE %I LOGIN NOINHERIT CONNECTION LIMIT 20', wanted)
  FROM services, LATERAL (VALUES (owner, owner_name), (service, service_name)) AS v (found, wanted)
 WHERE found IS NULL

UNION ALL
SELECT 'role-attribute', name, '', attribute, format('ALTER ROLE %I NO%s', name, attribute)
  FROM roles
  JOIN pg_roles r USING (oid),
       LATERAL (VALUES ('SUPERUSER', rolsuper), ('CREATEROLE', rolcreaterole), ('CREATEDB', rolcreatedb),
                       ('REPLICATION', rolreplication), ('BYPASSRLS', rolbypassrls)) AS a (attribute, has)
 WHERE has
-- In others, what lets a role read every file of the server or, before PostgreSQL 16, make itself a member of any other.
UNION ALL
SELECT 'role-attribute', quote_ident(rolname), '', attribute, format('ALTER ROLE %I NO%s', rolname, attribute)
  FROM pg_roles r,
       LATERAL (VALUES ('REPLICATION', rolreplication),
                       ('CREATEROLE', rolcreaterole AND current_setting('server_version_num')::int < 160000)) AS a (attribute, has)
 WHERE has AND NOT rolsuper AND r.oid NOT IN (SELECT oid FROM trusted) AND r.oid NOT IN (SELECT oid FROM roles)

UNION ALL
SELECT 'shared-role', service_name, schema, '', '-- give each service a schema, an owner role and a serving role of its own'
  FROM services s
 WHERE owner_name = service_name
    OR EXISTS (SELECT FROM services o
                WHERE o.name <> s.name
                  AND (o.schema = s.schema OR ARRAY[o.owner_name, o.service_name] && ARRAY[s.owner_name, s.service_name]))

UNION ALL
SELECT 'superuser', quote_ident(rolname), '', 'SUPERUSER', format('ALTER ROLE %I NOSUPERUSER', rolname)
  FROM pg_roles
 WHERE rolsuper AND oid NOT IN (SELECT oid FROM trusted) AND oid NOT IN (SELECT oid FROM roles)

UNION ALL
SELECT 'membership', roles.name, via::regrole::text, 'MEMBER',
       CASE WHEN EXISTS (SELECT FROM pg_auth_members WHERE member = role AND roleid = via)
            THEN format('REVOKE %s FROM %I', via::regrole, roles.name)
            ELSE format('-- %I is a member of it by way of another role; revoke that one', roles.name) END
  FROM becomes JOIN roles ON roles.oid = role

UNION ALL
SELECT DISTINCT 'impersonation', member::regrole::text, roles.name, 'MEMBER',
       CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = i.member AND roleid = role)
            THEN format('REVOKE %I FROM %s', roles.name, member::regrole)
            ELSE format('-- a member of %I by way of another role; revoke that one', roles.name) END
  FROM impersonates i
  JOIN roles ON roles.oid = role
  JOIN pg_roles m ON m.oid = member
 WHERE NOT m.rolsuper AND member NOT IN (SELECT oid FROM trusted)

-- What a superuser's member, or a reader of all data, is: a stranger to every service, and at home in each. A role need not
-- inherit to do so; SET ROLE is enough.
UNION ALL
SELECT DISTINCT 'impersonation', who.label, mighty.name, 'MEMBER',
       CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = a.member AND roleid = role)
            THEN format('REVOKE %s FROM %s', mighty.name, who.label)
            ELSE format('-- a member of %s by way of another role; revoke that one', mighty.name) END
  FROM ascends a JOIN mighty ON mighty.oid = role JOIN pg_roles m ON m.oid = member JOIN who ON who.oid = member
 WHERE super AND NOT rolsuper AND member NOT IN (SELECT oid FROM trusted) AND member NOT IN (SELECT oid FROM roles)
UNION ALL
SELECT DISTINCT 'predefined-role', who.label, mighty.name, 'MEMBER',
       CASE WHEN EXISTS (SELECT FROM pg_auth_members m WHERE m.member = a.member AND roleid = role)
            THEN format('REVOKE %s FROM %s', mighty.name, who.label)
            ELSE format('-- a member of %s by way of another role; revoke that one', mighty.name) END
  FROM ascends a JOIN mighty ON mighty.oid = role JOIN pg_roles m ON m.oid = member JOIN who ON who.oid = member
 WHERE NOT super AND NOT rolsuper AND member NOT IN (SELECT oid FROM trusted) AND member NOT IN (SELECT oid FROM roles)

-- Belt and braces: what the server itself says that every other role can reach, whichever way. The way has a finding of its
-- own, and that one's fix closes this.
UNION ALL
SELECT 'effective-reach', quote_ident(rolname), schema, concat_ws(', ', u, c, t),
       format('-- revoke the grant or the membership by which %I reaches %I', rolname, schema)
  FROM services
  JOIN pg_roles r ON NOT rolsuper AND rolname !~ '^pg_' AND r.oid NOT IN (owner, service)
                 AND r.oid NOT IN (SELECT oid FROM trusted),
       LATERAL (SELECT CASE WHEN has_schema_privilege(r.oid, nsp, 'USAGE') THEN 'USAGE' END AS u,
                       CASE WHEN has_schema_privilege(r.oid, nsp, 'CREATE') THEN 'CREATE' END AS c,
                       -- How many is not told, or the finding's id would change with every table.
                       (SELECT 'relations' FROM pg_class
                         WHERE relnamespace = nsp
                           AND CASE WHEN relkind IN ('r', 'p', 'v', 'm', 'f')
                                    THEN has_table_privilege(r.oid, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')
                                      OR has_any_column_privilege(r.oid, pg_class.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
                                    WHEN relkind = 'S' THEN has_sequence_privilege(r.oid, pg_class.oid, 'USAGE, SELECT, UPDATE')
                                    ELSE false END
                        HAVING count(*) > 0) AS t
               ) AS can
 WHERE nsp IS NOT NULL AND (u IS NOT NULL OR c IS NOT NULL OR t IS NOT NULL)
