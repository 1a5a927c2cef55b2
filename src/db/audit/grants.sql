-- Grants: on every kind of object, now and by default.
, acl (schema, owner, service, kind, object, target, ruler, grantor, grantee, privilege, grantable) AS (
    SELECT schema, owner, service, kind, object, target, ruler, a.grantor, a.grantee, a.privilege_type, a.is_grantable
      FROM (
        SELECT schema, owner, service, 'schema', quote_ident(schema), format('ON SCHEMA %I', schema), nspowner,
               coalesce(nspacl, acldefault('n', nspowner))
          FROM services WHERE nsp IS NOT NULL
        UNION ALL
        SELECT schema, owner, service, CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.oid::regclass::text,
               CASE relkind WHEN 'S' THEN 'ON SEQUENCE ' ELSE 'ON TABLE ' END || c.oid::regclass, relowner, relacl
          FROM services JOIN pg_class c ON relnamespace = nsp AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT schema, owner, service, 'column', c.oid::regclass || '.' || quote_ident(attname),
               format('(%I) ON TABLE %s', attname, c.oid::regclass), relowner, attacl
          FROM services JOIN pg_class c ON relnamespace = nsp JOIN pg_attribute ON attrelid = c.oid
        UNION ALL
        SELECT schema, owner, service, 'function', p.oid::regprocedure::text, 'ON ROUTINE ' || p.oid::regprocedure, proowner,
               coalesce(proacl, acldefault('f', proowner))
          FROM services JOIN pg_proc p ON pronamespace = nsp
         WHERE p.oid NOT IN (SELECT oid FROM inherent)
        UNION ALL
        -- The type of a table's rows has the built-in default that nobody can use without the schema; it is left alone.
        SELECT schema, owner, service, 'type', t.oid::regtype::text, 'ON TYPE ' || t.oid::regtype, typowner, typacl
          FROM services JOIN pg_type t ON typnamespace = nsp
      ) AS o (schema, owner, service, kind, object, target, ruler, acl),
      aclexplode(acl) a
),
defaults (grantor, nsp, type, grantee, privilege, grantable) AS (
    SELECT defaclrole, defaclnamespace, defaclobjtype::text, a.grantee, a.privilege_type, a.is_grantable
      FROM pg_default_acl, aclexplode(defaclacl) a
)
SELECT 'foreign-grant' AS rule, who.label AS role, kind || ' ' || object AS object, privilege,
       -- What a grantee granted on, only that grantee can revoke; but it falls with the grantee's own.
       CASE WHEN grantor <> ruler THEN format('-- revoke what %s may grant on, with CASCADE', giver.label)
            ELSE format('REVOKE ALL %s FROM %s CASCADE', target, who.label) END AS fix
  FROM acl JOIN who ON who.oid = grantee LEFT JOIN who giver ON giver.oid = grantor
 WHERE grantee IS DISTINCT FROM owner AND grantee IS DISTINCT FROM service
   AND grantee NOT IN (SELECT oid FROM trusted)

UNION ALL
SELECT 'excess-grant', label, kind || ' ' || object, privilege || CASE WHEN grantable THEN ' WITH GRANT OPTION' ELSE '' END,
       CASE WHEN needless THEN format('REVOKE %s %s FROM %s CASCADE', privilege, target, label)
            ELSE format('REVOKE GRANT OPTION FOR %s %s FROM %s CASCADE', privilege, target, label) END
  FROM acl JOIN who ON who.oid = grantee,
       LATERAL (SELECT kind = 'schema' AND privilege <> 'USAGE'
                    OR kind IN ('table', 'column') AND privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
                    OR kind IN ('table', 'column') AND object ~ '__diesel_schema_migrations' AND privilege <> 'SELECT'
                    OR kind = 'sequence' AND privilege NOT IN ('USAGE', 'SELECT')) AS verb (needless)
 WHERE grantee = service AND grantee IS DISTINCT FROM owner AND (grantable OR needless)

-- Defaults for what is yet to come.
UNION ALL
SELECT 'default-grant', grantee.label, format('future %s by %s%s', types, grantor.label,
           CASE nsp WHEN 0 THEN '' ELSE ' in ' || nsp::regnamespace END), privilege,
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %s%s REVOKE ALL ON %s FROM %s', grantor.label,
           CASE nsp WHEN 0 THEN '' ELSE ' IN SCHEMA ' || nsp::regnamespace END, types, grantee.label)
  FROM (SELECT d.*, s.service
          FROM defaults d
          LEFT JOIN services s ON s.owner = d.grantor
         WHERE d.grantee <> d.grantor
           AND d.grantee NOT IN (SELECT oid FROM trusted)
           AND (s.owner IS NOT NULL
             OR d.nsp IN (SELECT nsp FROM services)
             OR d.grantor IN (SELECT oid FROM roles)
             OR d.grantee = 0 AND d.nsp NOT IN (SELECT nsp FROM system_schemas)
             OR d.grantee IN (SELECT oid FROM roles))
           -- An owner may spare itself a GRANT of plain verbs to its own service.
           AND NOT (d.grantee IS NOT DISTINCT FROM s.service AND NOT d.grantable
                AND d.privilege IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'USAGE', 'EXECUTE'))
       ) AS d,
       LATERAL (SELECT CASE type WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'ROUTINES'
                                 WHEN 'T' THEN 'TYPES' ELSE 'SCHEMAS' END) AS t (types),
       who grantor, who grantee
 WHERE grantor.oid = d.grantor AND grantee.oid = d.grantee

UNION ALL
SELECT 'default-public-execute', 'PUBLIC', 'future routines by ' || quote_ident(owner_name), 'EXECUTE',
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON ROUTINES FROM PUBLIC', owner_name)
  FROM services
 WHERE owner IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_default_acl
                    WHERE defaclrole = owner AND defaclnamespace = 0 AND defaclobjtype = 'f'
                      AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0))

-- A type is open to PUBLIC in the same way.
UNION ALL
SELECT 'default-grant', 'PUBLIC', 'future TYPES by ' || quote_ident(owner_name), 'USAGE',
       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I REVOKE ALL ON TYPES FROM PUBLIC', owner_name)
  FROM services
 WHERE owner IS NOT NULL
   AND NOT EXISTS (SELECT FROM pg_default_acl
                    WHERE defaclrole = owner AND defaclnamespace = 0 AND defaclobjtype = 'T'
                      AND NOT EXISTS (SELECT FROM aclexplode(defaclacl) WHERE grantee = 0))

-- What a service's role may do outside its schema. pg_shdepend knows every grant by name, whatever it is on.
UNION ALL
SELECT DISTINCT 'outside-grant', name, type || ' ' || identity, '(see its privileges)',
       CASE WHEN d.objsubid > 0
            THEN format('REVOKE ALL (%I) ON TABLE %s FROM %I', attname, d.objid::regclass, name)
            ELSE format('REVOKE ALL ON %s %s FROM %I CASCADE',
                        CASE WHEN type IN ('function', 'procedure', 'aggregate') THEN 'ROUTINE'
                             WHEN type IN ('view', 'materialized view', 'foreign table') THEN 'TABLE'
                             WHEN type = 'foreign-data wrapper' THEN 'FOREIGN DATA WRAPPER'
                             WHEN type = 'server' THEN 'FOREIGN SERVER'
                             ELSE upper(type) END, identity, name) END
  FROM here, roles
  JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = roles.oid AND d.deptype = 'a'
  LEFT JOIN pg_attribute a ON d.classid = 'pg_class'::regclass AND a.attrelid = d.objid AND a.attnum = d.objsubid AND d.objsubid > 0,
       LATERAL (SELECT x.schema, x.type, x.identity FROM pg_identify_object(d.classid, d.objid, d.objsubid) x) AS found
 WHERE d.dbid IN (0, here.oid)
   AND NOT (d.classid IN ('pg_database'::regclass, 'pg_default_acl'::regclass, 'pg_parameter_acl'::regclass)
         OR d.classid = 'pg_namespace'::regclass AND d.objid IN (SELECT nsp FROM services WHERE nsp IS NOT NULL)
         OR d.classid = 'pg_language'::regclass AND NOT serves AND identity = 'plpgsql'
         OR d.classid = 'pg_proc'::regclass AND NOT serves AND d.objid = 'pg_advisory_lock(bigint)'::regprocedure
         -- What has no schema has NULL for one.
         OR coalesce(found.schema IN (SELECT quote_ident(schema) FROM services), false))

-- What PUBLIC may do, and so every service.
UNION ALL
SELECT 'public-grant', 'PUBLIC', 'schema ' || quote_ident(nspname), privilege_type,
       format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', nspname)
  FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
 WHERE grantee = 0 AND n.oid NOT IN (SELECT nsp FROM system_schemas) AND n.oid NOT IN (SELECT nsp FROM services WHERE nsp IS NOT NULL)
UNION ALL
SELECT 'public-grant', 'PUBLIC', kind || ' ' || name, a.privilege_type,
       format('REVOKE ALL ON %s %I FROM PUBLIC', kind, name)
  FROM (SELECT 'FOREIGN DATA WRAPPER', fdwname::text, fdwacl FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'FOREIGN SERVER', srvname, srvacl FROM pg_foreign_server
        UNION ALL SELECT 'TABLESPACE', spcname, spcacl FROM pg_tablespace) AS o (kind, name, acl),
       aclexplode(acl) a
 WHERE a.grantee = 0

-- PostgreSQL's own schemas, opened since the cluster was made: to all, or to one role that is no service's (that was above).
UNION ALL
SELECT CASE grantee WHEN 0 THEN 'public-grant' ELSE 'catalog-grant' END, label, kind || ' ' || object, privilege,
       format('REVOKE %s%s FROM %s CASCADE', privilege, target, label)
  FROM (SELECT 'schema', quote_ident(nspname), format(' ON SCHEMA %I', nspname), a.grantee, a.privilege_type
          FROM pg_namespace, aclexplode(nspacl) a
         WHERE nspname IN ('pg_catalog', 'information_schema', 'pg_toast') AND NOT (a.grantee = 0 AND a.privilege_type = 'USAGE')
        -- Only what was closed at first; the rest may be granted by name after provisioning took it from PUBLIC.
        UNION ALL
        SELECT 'function', p.oid::regprocedure::text, format(' ON FUNCTION %s', p.oid::regprocedure), a.grantee, a.privilege_type
          FROM pg_proc p JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid,
               aclexplode(coalesce(proacl, acldefault('f', proowner))) a
         WHERE pronamespace IN (SELECT nsp FROM system_schemas)
           AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee IN (0, a.grantee))
        UNION ALL
        SELECT 'table', c.oid::regclass::text, format(' ON TABLE %s', c.oid::regclass), a.grantee, a.privilege_type
          FROM pg_class c
          LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0,
               aclexplode(relacl) a
         WHERE relnamespace IN (SELECT nsp FROM system_schemas)
           -- Everyone may read information_schema, which is made too late for pg_init_privs to know.
           AND NOT (relnamespace = 'information_schema'::regnamespace AND a.privilege_type = 'SELECT')
           AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee IN (0, a.grantee) AND x.privilege_type = a.privilege_type)
        UNION ALL
        SELECT 'column', c.oid::regclass || '.' || quote_ident(attname), format(' (%I) ON TABLE %s', attname, c.oid::regclass),
               a.grantee, a.privilege_type
          FROM pg_class c
          JOIN pg_attribute t ON attrelid = c.oid
          LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = attnum,
               aclexplode(attacl) a
         WHERE relnamespace IN (SELECT nsp FROM system_schemas)
           AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee IN (0, a.grantee) AND x.privilege_type = a.privilege_type)
       ) AS opened (kind, object, target, grantee, privilege)
  JOIN who ON who.oid = grantee
 WHERE grantee NOT IN (SELECT oid FROM trusted) AND grantee NOT IN (SELECT oid FROM roles)
