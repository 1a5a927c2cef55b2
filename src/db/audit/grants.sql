-- Grants: on every kind of object, now and by default.
, acl (schema, owner, service, kind, object, target, grantee, privilege, grantable) AS (
    SELECT schema, owner, service, kind, object, target, a.grantee, a.privilege_type, a.is_grantable
      FROM (
        SELECT schema, owner, service, 'schema', schema, format('SCHEMA %I', schema),
               coalesce(nspacl, acldefault('n', nspowner))
          FROM services WHERE nsp IS NOT NULL
        UNION ALL
        SELECT schema, owner, service, CASE relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, c.oid::regclass::text,
               CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || c.oid::regclass, relacl
          FROM services JOIN pg_class c ON relnamespace = nsp AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL
        SELECT schema, owner, service, 'column', c.oid::regclass || '.' || quote_ident(attname),
               format('(%I) ON TABLE %s', attname, c.oid::regclass), attacl
          FROM services JOIN pg_class c ON relnamespace = nsp JOIN pg_attribute ON attrelid = c.oid
        UNION ALL
        SELECT schema, owner, service, 'function', p.oid::regprocedure::text, 'ROUTINE ' || p.oid::regprocedure,
               coalesce(proacl, acldefault('f', proowner))
          FROM services JOIN pg_proc p ON pronamespace = nsp
        UNION ALL
        -- The type of a table's rows has the built-in default that nobody can use without the schema; it is left alone.
        SELECT schema, owner, service, 'type', t.oid::regtype::text, 'TYPE ' || t.oid::regtype, typacl
          FROM services JOIN pg_type t ON typnamespace = nsp
      ) AS o (schema, owner, service, kind, object, target, acl),
      aclexplode(acl) a
),
defaults (grantor, nsp, type, grantee, privilege, grantable) AS (
    SELECT defaclrole, defaclnamespace, defaclobjtype::text, a.grantee, a.privilege_type, a.is_grantable
      FROM pg_default_acl, aclexplode(defaclacl) a
)
SELECT 'foreign-grant' AS rule, label AS role, kind || ' ' || object AS object, privilege,
       CASE kind WHEN 'column' THEN format('REVOKE ALL %s FROM %s', target, label)
                 ELSE format('REVOKE ALL ON %s FROM %s', target, label) END AS fix
  FROM acl JOIN who ON who.oid = grantee
 WHERE grantee IS DISTINCT FROM owner AND grantee IS DISTINCT FROM service
   AND grantee NOT IN (SELECT oid FROM trusted)

UNION ALL
SELECT 'excess-grant', label, kind || ' ' || object, privilege || CASE WHEN grantable THEN ' WITH GRANT OPTION' ELSE '' END,
       CASE kind WHEN 'column' THEN format('REVOKE %s %s FROM %s', privilege, target, label)
                 ELSE format('REVOKE %s ON %s FROM %s', privilege, target, label) END
  FROM acl JOIN who ON who.oid = grantee
 WHERE grantee = service
   AND (grantable
     OR kind = 'schema' AND privilege <> 'USAGE'
     OR kind IN ('table', 'column') AND privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')
     OR kind IN ('table', 'column') AND object ~ '__diesel_schema_migrations' AND privilege <> 'SELECT'
     OR kind = 'sequence' AND privilege NOT IN ('USAGE', 'SELECT'))

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
           AND NOT (d.grantee = s.service AND NOT d.grantable
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

-- What a service's role may do outside its schema.
UNION ALL
SELECT DISTINCT 'outside-grant', name, coalesce(found.identity, 'an object of another database'), '(see its privileges)',
       format('-- REVOKE ALL ON it FROM %I', name)
  FROM here, roles
  JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = roles.oid AND d.deptype = 'a'
  LEFT JOIN LATERAL (SELECT x.schema, x.type || ' ' || x.identity AS identity
                       FROM pg_identify_object(d.classid, d.objid, d.objsubid) x
                      WHERE d.dbid IN (0, here.oid)) AS found ON true
 WHERE d.dbid IN (0, here.oid)
   AND NOT (d.classid IN ('pg_database'::regclass, 'pg_default_acl'::regclass, 'pg_parameter_acl'::regclass)
         OR d.classid = 'pg_namespace'::regclass AND d.objid IN (SELECT nsp FROM services WHERE nsp IS NOT NULL)
         OR d.classid = 'pg_language'::regclass AND NOT serves AND found.identity = 'language plpgsql'
         OR d.classid = 'pg_proc'::regclass AND NOT serves AND d.objid = 'pg_advisory_lock(bigint)'::regprocedure
         OR found.schema IN (SELECT schema FROM services))

-- What PUBLIC may do, and so every service.
UNION ALL
SELECT 'public-grant', 'PUBLIC', 'schema ' || quote_ident(nspname), privilege_type,
       format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', nspname)
  FROM pg_namespace n, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) a
 WHERE grantee = 0 AND n.oid NOT IN (SELECT nsp FROM system_schemas) AND n.oid NOT IN (SELECT nsp FROM services WHERE nsp IS NOT NULL)
UNION ALL
SELECT 'public-grant', 'PUBLIC', 'function ' || p.oid::regprocedure, 'EXECUTE',
       format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', p.oid::regprocedure)
  FROM pg_proc p JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid,
       aclexplode(coalesce(proacl, acldefault('f', proowner))) a
 WHERE pronamespace IN (SELECT nsp FROM system_schemas) AND a.grantee = 0
   AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee = 0)
UNION ALL
SELECT 'public-grant', 'PUBLIC', 'table ' || c.oid::regclass, a.privilege_type,
       format('REVOKE %s ON %s FROM PUBLIC', a.privilege_type, c.oid::regclass)
  FROM pg_class c
  LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0,
       aclexplode(relacl) a
 WHERE relnamespace IN (SELECT nsp FROM system_schemas) AND a.grantee = 0
   -- Everyone may read information_schema, which is made too late for pg_init_privs to know.
   AND NOT (relnamespace = 'information_schema'::regnamespace AND a.privilege_type = 'SELECT')
   AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee = 0 AND x.privilege_type = a.privilege_type)
UNION ALL
SELECT 'public-grant', 'PUBLIC', 'column ' || c.oid::regclass || '.' || quote_ident(attname), a.privilege_type,
       format('REVOKE %s (%I) ON %s FROM PUBLIC', a.privilege_type, attname, c.oid::regclass)
  FROM pg_class c
  JOIN pg_attribute t ON attrelid = c.oid
  LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = attnum,
       aclexplode(attacl) a
 WHERE relnamespace IN (SELECT nsp FROM system_schemas) AND a.grantee = 0
   AND NOT EXISTS (SELECT FROM aclexplode(initprivs) x WHERE x.grantee = 0 AND x.privilege_type = a.privilege_type)
UNION ALL
SELECT 'public-grant', 'PUBLIC', kind || ' ' || name, a.privilege_type,
       format('REVOKE ALL ON %s %I FROM PUBLIC', kind, name)
  FROM (SELECT 'FOREIGN DATA WRAPPER', fdwname::text, fdwacl FROM pg_foreign_data_wrapper
        UNION ALL SELECT 'FOREIGN SERVER', srvname, srvacl FROM pg_foreign_server
        UNION ALL SELECT 'TABLESPACE', spcname, spcacl FROM pg_tablespace) AS o (kind, name, acl),
       aclexplode(acl) a
 WHERE a.grantee = 0
