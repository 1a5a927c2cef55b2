-- What every role that can log in reaches in every service's schema: the whole of the wall at a glance.
SELECT r.rolname::text AS role, schema,
       concat_ws(', ', CASE WHEN rolsuper THEN 'superuser' END,
                       CASE WHEN NOT rolsuper AND has_schema_privilege(r.oid, nsp, 'CREATE') THEN 'builds' END,
                       CASE WHEN NOT rolsuper AND has_schema_privilege(r.oid, nsp, 'USAGE') THEN 'enters' END,
                       CASE WHEN NOT rolsuper THEN touched END) AS reach
  FROM pg_roles r
 CROSS JOIN services,
       LATERAL (SELECT CASE count(*) WHEN 0 THEN NULL WHEN 1 THEN '1 table' ELSE count(*) || ' tables' END FROM pg_class
                 WHERE relnamespace = nsp AND relkind IN ('r', 'p', 'v', 'm', 'f')
                   AND (has_table_privilege(r.oid, pg_class.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
                     OR has_any_column_privilege(r.oid, pg_class.oid, 'SELECT, INSERT, UPDATE'))) AS t (touched)
 WHERE rolcanlogin AND nsp IS NOT NULL
 ORDER BY rolsuper, role, schema
