-- Doors: ways out of the database, and what all roles share unless it is closed.
SELECT 'extension' AS rule, extowner::regrole::text AS role, extname::text AS object, 'INSTALLED' AS privilege,
       format('DROP EXTENSION %I', extname) AS fix
  FROM pg_extension WHERE extname <> 'plpgsql'

UNION ALL
SELECT 'foreign-server', coalesce(label, srvowner::regrole::text), s.srvname::text, 'SERVER', format('DROP SERVER %I CASCADE', s.srvname)
  FROM pg_foreign_server s
  LEFT JOIN pg_user_mappings m ON m.srvid = s.oid
  LEFT JOIN who ON who.oid = m.umuser

UNION ALL
SELECT 'publication', pubowner::regrole::text, pubname::text,
       CASE WHEN puballtables THEN 'all tables' ELSE string_agg(DISTINCT schema, ', ') END, format('DROP PUBLICATION %I', pubname)
  FROM pg_publication p
  LEFT JOIN (SELECT prpubid AS pub, relnamespace AS nsp FROM pg_publication_rel JOIN pg_class c ON c.oid = prrelid
             UNION SELECT pnpubid, pnnspid FROM pg_publication_namespace) AS part ON pub = p.oid
  LEFT JOIN services s ON s.nsp = part.nsp
 GROUP BY pubowner, pubname, puballtables
HAVING puballtables OR count(schema) > 0

UNION ALL
SELECT 'subscription', subowner::regrole::text, subname::text, 'SUBSCRIBES', format('DROP SUBSCRIPTION %I', subname)
  FROM pg_subscription JOIN here ON here.oid = subdbid

UNION ALL
SELECT 'large-object', label, 'large object ' || l.oid, privilege_type, format('SELECT lo_unlink(%s)', l.oid)
  FROM pg_largeobject_metadata l, aclexplode(coalesce(lomacl, acldefault('L', lomowner))) JOIN who ON who.oid = grantee

-- The functions by which one role can starve, signal or outwit another; $3 names them.
UNION ALL
SELECT 'shared-function', roles.name, p.oid::regprocedure::text, 'EXECUTE',
       format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC, %I', p.oid::regprocedure, roles.name)
  FROM roles
  JOIN pg_roles r USING (oid)
  JOIN pg_proc p ON pronamespace = 'pg_catalog'::regnamespace AND p.oid::regprocedure::text ~ ($3->>'functions')
                -- An owner migrates under an advisory lock.
                AND NOT (NOT serves AND p.oid = 'pg_advisory_lock(bigint)'::regprocedure)
 WHERE NOT rolsuper AND has_function_privilege(roles.oid, p.oid, 'EXECUTE')

UNION ALL
SELECT 'language', roles.name, 'language ' || quote_ident(lanname), 'USAGE',
       format('REVOKE USAGE ON LANGUAGE %I FROM PUBLIC, %I', lanname, roles.name)
  FROM roles
  JOIN pg_roles r USING (oid)
  JOIN pg_language l ON lanname NOT IN ('internal', 'c', 'sql')
 WHERE serves AND NOT rolsuper AND has_language_privilege(roles.oid, l.oid, 'USAGE')
