-- Owners: an owner can do anything to what it owns, and grant it to anyone.
SELECT 'schema-owner' AS rule, nspowner::regrole::text AS role, schema AS object, 'OWNER' AS privilege,
       format('ALTER SCHEMA %I OWNER TO %I', schema, owner_name) AS fix
  FROM services WHERE nspowner <> owner

UNION ALL
SELECT 'object-owner', relowner::regrole::text, c.oid::regclass::text, 'OWNER',
       format('ALTER %s %s OWNER TO %I', CASE relkind WHEN 'c' THEN 'TYPE' ELSE 'TABLE' END, c.oid::regclass, owner_name)
  FROM services JOIN pg_class c ON relnamespace = nsp AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')
 WHERE relowner <> owner
UNION ALL
SELECT 'object-owner', proowner::regrole::text, p.oid::regprocedure::text, 'OWNER',
       format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, owner_name)
  FROM services JOIN pg_proc p ON pronamespace = nsp
 WHERE proowner <> owner AND p.oid NOT IN (SELECT oid FROM inherent)
UNION ALL
SELECT 'object-owner', typowner::regrole::text, t.oid::regtype::text, 'OWNER',
       format('ALTER TYPE %s OWNER TO %I', t.oid::regtype, owner_name)
  FROM services JOIN pg_type t ON typnamespace = nsp AND typrelid = 0 AND typelem = 0
 WHERE typowner <> owner
UNION ALL
SELECT 'object-owner', other.owner::regrole::text, kind || ' ' || found.identity, 'OWNER',
       format('ALTER %s %s OWNER TO %I', upper(kind), found.identity, owner_name)
  FROM services
  JOIN (SELECT 'pg_statistic_ext'::regclass, oid, 'statistics', stxnamespace, stxowner FROM pg_statistic_ext
        UNION ALL SELECT 'pg_operator'::regclass, oid, 'operator', oprnamespace, oprowner FROM pg_operator
        UNION ALL SELECT 'pg_opclass'::regclass, oid, 'operator class', opcnamespace, opcowner FROM pg_opclass
        UNION ALL SELECT 'pg_opfamily'::regclass, oid, 'operator family', opfnamespace, opfowner FROM pg_opfamily
        UNION ALL SELECT 'pg_collation'::regclass, oid, 'collation', collnamespace, collowner FROM pg_collation
        UNION ALL SELECT 'pg_conversion'::regclass, oid, 'conversion', connamespace, conowner FROM pg_conversion
        UNION ALL SELECT 'pg_ts_config'::regclass, oid, 'text search configuration', cfgnamespace, cfgowner FROM pg_ts_config
        UNION ALL SELECT 'pg_ts_dict'::regclass, oid, 'text search dictionary', dictnamespace, dictowner FROM pg_ts_dict
       ) AS other (classid, oid, kind, nsp, owner) ON other.nsp = services.nsp,
       LATERAL (SELECT identity FROM pg_identify_object(classid, other.oid, 0)) AS found
 WHERE other.owner <> services.owner

-- What a service's role owns anywhere else: in another schema, in another database, or the database itself.
UNION ALL
SELECT 'owned-elsewhere', name, found.type || ' ' || found.identity, 'OWNER',
       CASE WHEN d.classid IN ('pg_database'::regclass, 'pg_tablespace'::regclass)
            THEN format('ALTER %s %s OWNER TO <its rightful owner>', upper(found.type), found.identity)
            ELSE format('REASSIGN OWNED BY %I TO <its rightful owner>', name) END
  FROM here, roles
  JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = roles.oid AND d.deptype = 'o',
       LATERAL (SELECT x.schema, x.type, x.identity FROM pg_identify_object(d.classid, d.objid, d.objsubid) x) AS found
 WHERE d.dbid IN (0, here.oid)
   AND (serves AND NOT EXISTS (SELECT FROM services WHERE owner = roles.oid) OR NOT (d.classid = 'pg_namespace'::regclass AND d.objid IS NOT DISTINCT FROM nsp
                    OR d.classid = 'pg_default_acl'::regclass
                    OR found.schema IS NOT DISTINCT FROM quote_ident(roles.schema)))
UNION ALL
SELECT DISTINCT 'other-database', name, 'database ' || quote_ident(other.datname), 'OWNER',
       format('-- there: REASSIGN OWNED BY %I TO <its rightful owner>', name)
  FROM here, roles
  JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = roles.oid AND d.deptype = 'o'
  JOIN pg_database other ON other.oid = d.dbid
 WHERE d.dbid <> here.oid
