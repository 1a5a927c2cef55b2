-- Crossings: objects of one schema that reach into another, and code that runs with somebody else's rights.
SELECT 'cross-schema-key' AS rule, conrelid::regclass::text AS role, confrelid::regclass::text AS object, conname::text AS privilege,
       format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS fix
  FROM pg_constraint k
  JOIN pg_class f ON f.oid = confrelid
 WHERE contype = 'f' AND connamespace <> f.relnamespace
   AND (connamespace IN (SELECT nsp FROM services) OR f.relnamespace IN (SELECT nsp FROM services))

UNION ALL
SELECT DISTINCT 'cross-schema-object', a.nsp::regnamespace || ': ' || a.kind || ' ' || a.label,
       b.nsp::regnamespace || ': ' || b.kind || ' ' || b.label, 'DEPENDS',
       format('-- drop the %s %s in %s, or make it do without the %s', a.kind, a.label, a.nsp::regnamespace, b.kind)
  FROM pg_depend d
  JOIN objects a ON a.classid = d.classid AND a.objid = d.objid
  JOIN objects b ON b.classid = d.refclassid AND b.objid = d.refobjid
 WHERE a.nsp <> b.nsp
   AND (a.nsp IN (SELECT nsp FROM services) OR b.nsp IN (SELECT nsp FROM services))

-- A body that is text is no dependency; it is read for the name of a schema that is not its own.
UNION ALL
SELECT DISTINCT 'cross-schema-code', p.oid::regprocedure::text, 'schema ' || quote_ident(s.schema), 'NAMES',
       format('DROP ROUTINE %s', p.oid::regprocedure)
  FROM pg_proc p
  JOIN services s ON pronamespace IS DISTINCT FROM s.nsp
                 AND (prosrc ~* ('\m' || s.schema || '"?\s*\.')
                   OR array_to_string(proconfig, ' ') ~ ('search_path=.*\m' || s.schema || '\M'))
 WHERE pronamespace NOT IN (SELECT nsp FROM system_schemas)

UNION ALL
SELECT 'security-definer', proowner::regrole::text, p.oid::regprocedure::text, 'SECURITY DEFINER',
       CASE WHEN s.nsp IS NULL THEN format('DROP ROUTINE %s', p.oid::regprocedure)
            ELSE format('ALTER ROUTINE %s SET search_path = %I, pg_temp', p.oid::regprocedure, s.schema) END
  FROM pg_proc p
  LEFT JOIN services s ON s.nsp = pronamespace AND s.owner = proowner
 WHERE prosecdef AND pronamespace NOT IN (SELECT nsp FROM system_schemas)
   AND (s.nsp IS NULL
     OR NOT EXISTS (SELECT FROM unnest(proconfig) c WHERE c ~ '^search_path=' AND (c ~ 'pg_temp"?$' OR c ~ '^search_path=("")?$')))

UNION ALL
SELECT 'view-as-owner', relowner::regrole::text, c.oid::regclass::text, 'VIEW',
       format('DROP %s %s', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass)
  FROM pg_class c
  LEFT JOIN services s ON s.nsp = relnamespace AND s.owner = relowner
 WHERE relkind IN ('v', 'm') AND relnamespace NOT IN (SELECT nsp FROM system_schemas) AND s.nsp IS NULL

UNION ALL
SELECT 'event-trigger', evtowner::regrole::text, evtname::text, evtevent::text, format('DROP EVENT TRIGGER %I', evtname)
  FROM pg_event_trigger
