-- Crossings: objects of one schema that reach into another, and code that runs with somebody else's rights.
, named (schema, nsp, pattern) AS (
    SELECT schema, nsp, regexp_replace(schema, '(\W)', '\\\1', 'g') FROM services
),
-- SQL that PostgreSQL keeps as a parsed tree is followed by its dependencies; a name in a text constant is none.
texts (label, drop, nsp, sql) AS (
    SELECT c.oid::regclass::text,
           format('DROP %s %s', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass),
           relnamespace, pg_get_viewdef(c.oid)
      FROM pg_class c WHERE relkind IN ('v', 'm') AND relnamespace NOT IN (SELECT nsp FROM system_schemas)
    UNION ALL
    SELECT format('%s.%I', adrelid::regclass, attname), format('ALTER TABLE %s ALTER %I DROP DEFAULT', adrelid::regclass, attname),
           relnamespace, pg_get_expr(adbin, adrelid)
      FROM pg_attrdef JOIN pg_class c ON c.oid = adrelid JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
     WHERE relnamespace NOT IN (SELECT nsp FROM system_schemas)
    UNION ALL
    SELECT format('%s.%I', conrelid::regclass, conname), format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
           connamespace, pg_get_constraintdef(oid)
      FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0
    UNION ALL
    SELECT format('%s.%I', polrelid::regclass, polname), format('DROP POLICY %I ON %s', polname, polrelid::regclass),
           relnamespace, concat_ws(' ', pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
      FROM pg_policy JOIN pg_class c ON c.oid = polrelid
    UNION ALL
    SELECT format('%s.%I', ev_class::regclass, rulename), format('DROP RULE %I ON %s', rulename, ev_class::regclass),
           relnamespace, pg_get_ruledef(r.oid)
      FROM pg_rewrite r JOIN pg_class c ON c.oid = ev_class
     WHERE rulename <> '_RETURN' AND relnamespace NOT IN (SELECT nsp FROM system_schemas)
    UNION ALL
    SELECT format('%s.%I', tgrelid::regclass, tgname), format('DROP TRIGGER %I ON %s', tgname, tgrelid::regclass),
           relnamespace, pg_get_triggerdef(t.oid)
      FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal
)
SELECT 'cross-schema-key' AS rule, conrelid::regclass::text AS role, confrelid::regclass::text AS object, conname::text AS privilege,
       format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS fix
  FROM pg_constraint k
  JOIN pg_class f ON f.oid = confrelid
 WHERE contype = 'f' AND conparentid = 0 AND connamespace <> f.relnamespace
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

-- A cast stands in no schema, but ties two.
UNION ALL
SELECT 'cross-schema-object', format('cast (%s AS %s)', castsource::regtype, casttarget::regtype),
       string_agg(DISTINCT nsp::regnamespace::text, ', '), 'DEPENDS',
       format('DROP CAST (%s AS %s)', castsource::regtype, casttarget::regtype)
  FROM pg_cast
  JOIN pg_type s ON s.oid = castsource
  JOIN pg_type t ON t.oid = casttarget
  LEFT JOIN pg_proc f ON f.oid = castfunc,
       LATERAL (VALUES (s.typnamespace), (t.typnamespace), (f.pronamespace)) AS v (nsp)
 WHERE nsp NOT IN (SELECT nsp FROM system_schemas)
 GROUP BY castsource, casttarget
HAVING count(DISTINCT nsp) > 1 AND bool_or(nsp IN (SELECT nsp FROM services))

-- A cast between PostgreSQL's own types changes what every session runs.
UNION ALL
SELECT 'cross-schema-object', format('cast (%s AS %s)', castsource::regtype, casttarget::regtype),
       coalesce(nullif(castfunc, 0)::regprocedure::text, 'every session'), 'CHANGES',
       format('DROP CAST (%s AS %s)', castsource::regtype, casttarget::regtype)
  FROM pg_cast c
  JOIN pg_type s ON s.oid = castsource AND s.typnamespace IN (SELECT nsp FROM system_schemas)
  JOIN pg_type t ON t.oid = casttarget AND t.typnamespace IN (SELECT nsp FROM system_schemas)
 WHERE c.oid >= 16384 AND ('pg_cast'::regclass, c.oid) NOT IN (SELECT classid, oid FROM extended)

-- A body that is text is no dependency; it is read, without its comments, for the name of a schema that is not its own: before
-- a dot, in a path, or in quotes where there is dynamic SQL.
UNION ALL
SELECT DISTINCT 'cross-schema-code', p.oid::regprocedure::text, 'schema ' || quote_ident(s.schema), 'NAMES',
       format('DROP ROUTINE %s CASCADE', p.oid::regprocedure)
  FROM pg_proc p
 CROSS JOIN LATERAL regexp_replace(regexp_replace(prosrc, '/\*.*?\*/', '', 'g'), '--[^\n]*', '', 'g') AS code
  JOIN named s ON pronamespace IS DISTINCT FROM s.nsp
              AND (code ~* ('\m' || pattern || '"?\s*\.')
                OR code ~* ('\msearch_path\M[^;]*\m' || pattern || '\M')
                OR code ~* ('\mset\s+((local|session)\s+)?schema\M[^;]*\m' || pattern || '\M')
                OR code ~* '\mexecute\M' AND code ~* ('''"?' || pattern || '"?''')
                OR array_to_string(proconfig, ' ') ~ ('search_path=.*\m' || pattern || '\M'))
 WHERE p.oid >= 16384 AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, oid FROM extended)
UNION ALL
SELECT DISTINCT 'cross-schema-code', label, 'schema ' || quote_ident(s.schema), 'NAMES', drop
  FROM texts JOIN named s ON texts.nsp IS DISTINCT FROM s.nsp AND sql ~* ('''[^'']*\m' || pattern || '"?\s*\.')

-- A pinned path names the function's own schema and PostgreSQL's, and temporary tables last; or nothing at all.
UNION ALL
SELECT 'security-definer', proowner::regrole::text, p.oid::regprocedure::text, 'SECURITY DEFINER',
       CASE WHEN p.oid < 16384 THEN format('ALTER ROUTINE %s SECURITY INVOKER', p.oid::regprocedure)
            WHEN s.nsp IS NULL THEN format('DROP ROUTINE %s CASCADE', p.oid::regprocedure)
            WHEN s.owner <> proowner THEN format('ALTER ROUTINE %s OWNER TO %I', p.oid::regprocedure, s.owner_name)
            ELSE format('ALTER ROUTINE %s SET search_path = %I, pg_temp', p.oid::regprocedure, s.schema) END
  FROM pg_proc p
  LEFT JOIN services s ON s.nsp = pronamespace
 WHERE prosecdef
   AND (s.nsp IS NULL
     OR s.owner IS DISTINCT FROM proowner
     OR NOT EXISTS (SELECT FROM unnest(proconfig) c, string_to_array(substr(c, length('search_path=') + 1), ', ') names
                     WHERE c ~ '^search_path='
                       AND (names <@ ARRAY['', '""']
                         OR names <@ ARRAY['pg_catalog', quote_ident(s.schema), 'pg_temp']
                            AND array_position(names, 'pg_temp') = cardinality(names))))

-- A view reads with its owner's rights. Somebody else's in a schema of their own is their affair.
UNION ALL
SELECT 'view-as-owner', relowner::regrole::text, c.oid::regclass::text, 'VIEW',
       format('DROP %s %s CASCADE', CASE relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, c.oid::regclass)
  FROM pg_class c
  LEFT JOIN services s ON s.nsp = relnamespace
  JOIN pg_roles r ON r.oid = relowner
 WHERE relkind IN ('v', 'm') AND relnamespace NOT IN (SELECT nsp FROM system_schemas) AND s.owner IS DISTINCT FROM relowner
   AND (s.nsp IS NOT NULL OR rolsuper OR relowner IN (SELECT oid FROM trusted) OR relowner IN (SELECT oid FROM roles))
   AND ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, oid FROM extended)

-- Below 16384 are the objects that PostgreSQL itself brought.
UNION ALL
SELECT 'catalog-object', nspname || ': ' || kind, identity, 'STANDS THERE', format('DROP %s %s CASCADE', upper(kind), identity)
  FROM (SELECT 'pg_class'::regclass, oid, CASE relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                                                       WHEN 'S' THEN 'sequence' ELSE 'table' END, relnamespace
          FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        UNION ALL SELECT 'pg_proc'::regclass, oid, 'routine', pronamespace FROM pg_proc
        UNION ALL SELECT 'pg_type'::regclass, oid, 'type', typnamespace FROM pg_type WHERE typtype IN ('e', 'd', 'r', 'b') AND typelem = 0
        UNION ALL SELECT 'pg_operator'::regclass, oid, 'operator', oprnamespace FROM pg_operator
       ) AS o (classid, oid, kind, nsp)
  JOIN pg_namespace n ON n.oid = nsp AND nspname IN ('pg_catalog', 'information_schema'),
       LATERAL (SELECT identity FROM pg_identify_object(classid, o.oid, 0)) AS found
 WHERE o.oid >= 16384 AND (classid, o.oid) NOT IN (SELECT classid, oid FROM extended)

-- An untrusted language's code does what the server's account may; one line of `internal` gives a closed function a new name.
UNION ALL
SELECT 'native-code', proowner::regrole::text, p.oid::regprocedure::text, 'LANGUAGE ' || lanname,
       format('DROP ROUTINE %s CASCADE', p.oid::regprocedure)
  FROM pg_proc p JOIN pg_language l ON l.oid = prolang
 WHERE NOT lanpltrusted AND p.oid >= 16384 AND prokind <> 'a' AND p.oid NOT IN (SELECT oid FROM inherent)
   AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, oid FROM extended)

UNION ALL
SELECT 'event-trigger', evtowner::regrole::text, evtname::text, evtevent::text, format('DROP EVENT TRIGGER %I', evtname)
  FROM pg_event_trigger
