-- Breaches, of every kind that the audit has a name for. mod.rs plants one after the other, and reads of each:
--
--     -- <the rule that must find it>: <what is planted>
--     <how>
--     -- undo
--     <what takes it away again; without it, the REVOKE that matches the GRANT>
--
-- What stands between ;; is run apart, because a few statements stand in no transaction. The roles, schemas and databases that
-- are no service's are those of NEIGHBOURS in mod.rs.


---- Roles

-- missing-schema: a schema renamed
ALTER SCHEMA users RENAME TO people
-- undo
DROP SCHEMA IF EXISTS users;
ALTER SCHEMA people RENAME TO users

-- missing-role: a role renamed
ALTER ROLE orders_service RENAME TO clerk
-- undo
DROP ROLE IF EXISTS orders_service;
ALTER ROLE clerk RENAME TO orders_service

-- role-attribute: a serving role with SUPERUSER
ALTER ROLE orders_service SUPERUSER
-- undo
ALTER ROLE orders_service NOSUPERUSER

-- role-attribute: a serving role with CREATEROLE
ALTER ROLE orders_service CREATEROLE
-- undo
ALTER ROLE orders_service NOCREATEROLE

-- role-attribute: a serving role with CREATEDB
ALTER ROLE orders_service CREATEDB
-- undo
ALTER ROLE orders_service NOCREATEDB

-- role-attribute: a serving role with REPLICATION
ALTER ROLE orders_service REPLICATION
-- undo
ALTER ROLE orders_service NOREPLICATION

-- role-attribute: a serving role with BYPASSRLS
ALTER ROLE orders_service BYPASSRLS
-- undo
ALTER ROLE orders_service NOBYPASSRLS

-- role-attribute: an owner with CREATEROLE
ALTER ROLE users_owner CREATEROLE
-- undo
ALTER ROLE users_owner NOCREATEROLE

-- role-attribute: a third role that may replicate everything
ALTER ROLE outsider REPLICATION
-- undo
ALTER ROLE outsider NOREPLICATION

-- role-attribute: a third role that may make itself a member of any
ALTER ROLE outsider CREATEROLE
-- undo
ALTER ROLE outsider NOCREATEROLE

-- superuser: a second superuser
ALTER ROLE outsider SUPERUSER
-- undo
ALTER ROLE outsider NOSUPERUSER

-- superuser: a superuser that cannot log in
CREATE ROLE boss SUPERUSER NOLOGIN
-- undo
DROP ROLE IF EXISTS boss

-- membership: a serving role in pg_read_all_data
GRANT pg_read_all_data TO orders_service

-- membership: a serving role in pg_write_all_data
GRANT pg_write_all_data TO orders_service

-- membership: a serving role in pg_monitor
GRANT pg_monitor TO orders_service

-- membership: a serving role in pg_signal_backend
GRANT pg_signal_backend TO orders_service

-- membership: a serving role in pg_execute_server_program
GRANT pg_execute_server_program TO orders_service

-- membership: a serving role in pg_read_server_files
GRANT pg_read_server_files TO orders_service

-- membership: a serving role in pg_write_server_files
GRANT pg_write_server_files TO orders_service

-- membership: a serving role in pg_read_all_settings
GRANT pg_read_all_settings TO orders_service

-- membership: a serving role in pg_read_all_stats
GRANT pg_read_all_stats TO orders_service

-- membership: a serving role in pg_stat_scan_tables
GRANT pg_stat_scan_tables TO orders_service

-- membership: a serving role in pg_checkpoint
GRANT pg_checkpoint TO orders_service

-- membership: a serving role in its own owner
GRANT orders_owner TO orders_service

-- membership: a serving role in another's owner
GRANT users_owner TO orders_service

-- membership: a serving role in another's serving role
GRANT users_service TO orders_service

-- membership: an owner in another owner
GRANT users_owner TO orders_owner

-- membership: a serving role in the superuser
GRANT postgres TO users_service

-- membership: a serving role in a group that has nothing yet
GRANT readers TO orders_service

-- membership: another's owner by way of a group
GRANT users_owner TO readers;
GRANT readers TO orders_service
-- undo
REVOKE readers FROM orders_service;
REVOKE users_owner FROM readers

-- impersonation: a third role in a serving role
GRANT users_service TO outsider

-- impersonation: a third role in an owner, which it may pass on
GRANT users_owner TO outsider WITH ADMIN OPTION

-- impersonation: a third role in an owner by way of two groups
GRANT users_owner TO pg_monitor;
GRANT pg_monitor TO readers;
GRANT readers TO outsider
-- undo
REVOKE readers FROM outsider;
REVOKE pg_monitor FROM readers;
REVOKE users_owner FROM pg_monitor

-- impersonation: a third role in the superuser
GRANT postgres TO outsider

-- impersonation: a third role in the superuser by way of a group
GRANT postgres TO readers;
GRANT readers TO outsider
-- undo
REVOKE readers FROM outsider;
REVOKE postgres FROM readers

-- predefined-role: a third role in pg_read_all_data
GRANT pg_read_all_data TO outsider

-- predefined-role: a third role in pg_write_all_data
GRANT pg_write_all_data TO outsider

-- predefined-role: a third role in pg_execute_server_program
GRANT pg_execute_server_program TO outsider

-- predefined-role: a third role in pg_read_server_files
GRANT pg_read_server_files TO outsider

-- predefined-role: a third role in pg_write_server_files
GRANT pg_write_server_files TO outsider

-- predefined-role: a third role that does not inherit, in pg_read_all_data
ALTER ROLE outsider NOINHERIT;
GRANT pg_read_all_data TO outsider
-- undo
ALTER ROLE outsider INHERIT;
REVOKE pg_read_all_data FROM outsider

-- predefined-role: a predefined role in another
GRANT pg_read_all_data TO pg_monitor

-- effective-reach: what a group's member reaches
GRANT readers TO outsider;
GRANT USAGE ON SCHEMA users TO readers
-- undo
REVOKE readers FROM outsider;
REVOKE USAGE ON SCHEMA users FROM readers


---- Owners

-- schema-owner: a schema of the superuser's
ALTER SCHEMA users OWNER TO postgres
-- undo
ALTER SCHEMA users OWNER TO users_owner

-- schema-owner: a schema of another's owner
ALTER SCHEMA users OWNER TO orders_owner
-- undo
ALTER SCHEMA users OWNER TO users_owner;
GRANT USAGE ON SCHEMA users TO users_service

-- schema-owner: a schema of its serving role's
ALTER SCHEMA users OWNER TO users_service
-- undo
ALTER SCHEMA users OWNER TO users_owner;
GRANT USAGE ON SCHEMA users TO users_service

-- object-owner: a table of postgres's
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO postgres
-- undo
DROP TABLE IF EXISTS users.odd

-- object-owner: a table of orders_owner's
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO orders_owner
-- undo
DROP TABLE IF EXISTS users.odd

-- object-owner: a table of orders_service's
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO orders_service
-- undo
DROP TABLE IF EXISTS users.odd

-- object-owner: a table of users_service's
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO users_service
-- undo
DROP TABLE IF EXISTS users.odd

-- object-owner: a table of outsider's
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO outsider
-- undo
DROP TABLE IF EXISTS users.odd

-- object-owner: a view of the superuser's
CREATE VIEW users.odd AS SELECT 1 AS one
-- undo
DROP VIEW IF EXISTS users.odd

-- object-owner: a materialized view of the superuser's
CREATE MATERIALIZED VIEW users.odd AS SELECT 1 AS one
-- undo
DROP MATERIALIZED VIEW IF EXISTS users.odd

-- object-owner: a sequence of the superuser's
CREATE SEQUENCE users.odd
-- undo
DROP SEQUENCE IF EXISTS users.odd

-- object-owner: an enum of the superuser's
CREATE TYPE users.odd AS ENUM ('a')
-- undo
DROP TYPE IF EXISTS users.odd

-- object-owner: a composite type of the superuser's
CREATE TYPE users.odd AS (a int)
-- undo
DROP TYPE IF EXISTS users.odd

-- object-owner: a domain of the superuser's
CREATE DOMAIN users.odd AS text
-- undo
DROP DOMAIN IF EXISTS users.odd

-- object-owner: a range of the superuser's
CREATE TYPE users.odd AS RANGE (subtype = int)
-- undo
DROP TYPE IF EXISTS users.odd

-- object-owner: a function of the superuser's
CREATE FUNCTION users.odd() RETURNS int LANGUAGE sql AS 'SELECT 1'
-- undo
DROP FUNCTION IF EXISTS users.odd()

-- object-owner: a procedure of the superuser's
CREATE PROCEDURE users.odd() LANGUAGE sql AS 'SELECT 1'
-- undo
DROP PROCEDURE IF EXISTS users.odd()

-- object-owner: an aggregate of the superuser's
CREATE AGGREGATE users.odd(bigint) (SFUNC = int8pl, STYPE = bigint)
-- undo
DROP AGGREGATE IF EXISTS users.odd(bigint)

-- object-owner: statistics of the superuser's
CREATE STATISTICS users.odd ON email, name FROM users.accounts
-- undo
DROP STATISTICS IF EXISTS users.odd

-- object-owner: a collation of the superuser's
CREATE COLLATION users.odd (provider = libc, locale = 'C')
-- undo
DROP COLLATION IF EXISTS users.odd

-- object-owner: a conversion of the superuser's
CREATE CONVERSION users.odd FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1
-- undo
DROP CONVERSION IF EXISTS users.odd

-- object-owner: a text search configuration of the superuser's
CREATE TEXT SEARCH CONFIGURATION users.odd (COPY = pg_catalog.simple)
-- undo
DROP TEXT SEARCH CONFIGURATION IF EXISTS users.odd

-- object-owner: a text search dictionary of the superuser's
CREATE TEXT SEARCH DICTIONARY users.odd (TEMPLATE = simple)
-- undo
DROP TEXT SEARCH DICTIONARY IF EXISTS users.odd

-- object-owner: an operator of the superuser's
CREATE OPERATOR users.=== (FUNCTION = int4eq, LEFTARG = int, RIGHTARG = int)
-- undo
DROP OPERATOR IF EXISTS users.=== (int, int)

-- object-owner: an operator family and class of the superuser's
CREATE OPERATOR FAMILY users.odd USING btree;
CREATE OPERATOR CLASS users.odd FOR TYPE int USING btree FAMILY users.odd AS STORAGE int
-- undo
DROP OPERATOR FAMILY IF EXISTS users.odd USING btree CASCADE

-- object-owner: a foreign table of the superuser's
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE users.odd (id int) SERVER door
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- object-owner: a table that moved to another's owner
ALTER TABLE users.accounts OWNER TO orders_owner
-- undo
ALTER TABLE users.accounts OWNER TO users_owner

-- owned-elsewhere: a table in another's schema
CREATE TABLE orders.odd ();
ALTER TABLE orders.odd OWNER TO users_owner
-- undo
DROP TABLE IF EXISTS orders.odd

-- owned-elsewhere: a table in public
CREATE TABLE public.odd ();
ALTER TABLE public.odd OWNER TO users_owner
-- undo
DROP TABLE IF EXISTS public.odd

-- owned-elsewhere: a schema more
CREATE SCHEMA odd AUTHORIZATION users_owner
-- undo
DROP SCHEMA IF EXISTS odd

-- owned-elsewhere: a serving role that owns a table
CREATE TABLE users.odd ();
ALTER TABLE users.odd OWNER TO users_service
-- undo
DROP TABLE IF EXISTS users.odd

-- owned-elsewhere: the database
ALTER DATABASE app OWNER TO orders_owner
-- undo
ALTER DATABASE app OWNER TO postgres;
REVOKE ALL ON DATABASE app FROM orders_owner;
GRANT CONNECT ON DATABASE app TO orders_owner

-- owned-elsewhere: a tablespace
ALTER TABLESPACE pg_default OWNER TO orders_owner
-- undo
ALTER TABLESPACE pg_default OWNER TO postgres

-- owned-elsewhere: a large object
SELECT lo_create(42);
ALTER LARGE OBJECT 42 OWNER TO orders_owner
-- undo
SELECT lo_unlink(oid) FROM pg_largeobject_metadata

-- owned-elsewhere: a language
ALTER LANGUAGE plpgsql OWNER TO orders_owner
-- undo
ALTER LANGUAGE plpgsql OWNER TO postgres;
GRANT USAGE ON LANGUAGE plpgsql TO orders_owner

-- database-owner: the database of a third role
ALTER DATABASE app OWNER TO outsider
-- undo
ALTER DATABASE app OWNER TO postgres;
REVOKE ALL ON DATABASE app FROM outsider

-- template-database: the database as a template
ALTER DATABASE app IS_TEMPLATE true
-- undo
ALTER DATABASE app IS_TEMPLATE false


---- Grants inside a service's schema

-- foreign-grant: the schema to orders_service
GRANT USAGE ON SCHEMA users TO orders_service

-- foreign-grant: a table to orders_service
GRANT SELECT ON users.accounts TO orders_service

-- foreign-grant: the schema to orders_owner
GRANT USAGE ON SCHEMA users TO orders_owner

-- foreign-grant: a table to orders_owner
GRANT SELECT ON users.accounts TO orders_owner

-- foreign-grant: the schema to PUBLIC
GRANT USAGE ON SCHEMA users TO PUBLIC

-- foreign-grant: a table to PUBLIC
GRANT SELECT ON users.accounts TO PUBLIC

-- foreign-grant: the schema to outsider
GRANT USAGE ON SCHEMA users TO outsider

-- foreign-grant: a table to outsider
GRANT SELECT ON users.accounts TO outsider

-- foreign-grant: the schema to readers
GRANT USAGE ON SCHEMA users TO readers

-- foreign-grant: a table to readers
GRANT SELECT ON users.accounts TO readers

-- foreign-grant: the schema to pg_monitor
GRANT USAGE ON SCHEMA users TO pg_monitor

-- foreign-grant: a table to pg_monitor
GRANT SELECT ON users.accounts TO pg_monitor

-- foreign-grant: the schema to build in
GRANT CREATE ON SCHEMA users TO orders_owner

-- foreign-grant: a table by way of a group
GRANT SELECT ON users.accounts TO readers;
GRANT readers TO outsider
-- undo
REVOKE readers FROM outsider;
REVOKE SELECT ON users.accounts FROM readers

-- foreign-grant: a table by way of a chain of grants
GRANT SELECT ON users.accounts TO outsider WITH GRANT OPTION;
SET ROLE outsider;
RESET ROLE;
GRANT USAGE ON SCHEMA users TO outsider;
SET ROLE outsider;
GRANT SELECT ON users.accounts TO readers;
RESET ROLE
-- undo
REVOKE ALL ON users.accounts FROM outsider CASCADE;
REVOKE ALL ON SCHEMA users FROM outsider

-- foreign-grant: INSERT on a table
GRANT INSERT ON users.accounts TO orders_service

-- foreign-grant: UPDATE on a table
GRANT UPDATE ON users.accounts TO orders_service

-- foreign-grant: DELETE on a table
GRANT DELETE ON users.accounts TO orders_service

-- foreign-grant: TRUNCATE on a table
GRANT TRUNCATE ON users.accounts TO orders_service

-- foreign-grant: REFERENCES on a table
GRANT REFERENCES ON users.accounts TO orders_service

-- foreign-grant: TRIGGER on a table
GRANT TRIGGER ON users.accounts TO orders_service

-- foreign-grant: ALL on a table
GRANT ALL ON users.accounts TO orders_service

-- foreign-grant: a column
GRANT SELECT (email) ON users.accounts TO orders_service

-- foreign-grant: a column to PUBLIC
GRANT UPDATE (email) ON users.accounts TO PUBLIC

-- foreign-grant: a column to refer to
GRANT REFERENCES (id) ON users.accounts TO orders_owner

-- foreign-grant: a column of the system's
GRANT SELECT (ctid) ON users.accounts TO orders_service

-- foreign-grant: a sequence
SET ROLE users_owner;
CREATE SEQUENCE users.odd;
RESET ROLE;
GRANT USAGE ON SEQUENCE users.odd TO orders_service
-- undo
DROP SEQUENCE IF EXISTS users.odd

-- foreign-grant: a sequence of PUBLIC's
SET ROLE users_owner;
CREATE SEQUENCE users.odd;
RESET ROLE;
GRANT SELECT ON SEQUENCE users.odd TO PUBLIC
-- undo
DROP SEQUENCE IF EXISTS users.odd

-- foreign-grant: a function
SET ROLE users_owner;
CREATE FUNCTION users.odd(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
GRANT EXECUTE ON FUNCTION users.odd(int) TO orders_service
-- undo
DROP FUNCTION IF EXISTS users.odd(int)

-- foreign-grant: a function of PUBLIC's
SET ROLE users_owner;
CREATE FUNCTION users.odd(text, VARIADIC int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
GRANT EXECUTE ON FUNCTION users.odd(text, int[]) TO PUBLIC
-- undo
DROP FUNCTION IF EXISTS users.odd(text, int[])

-- foreign-grant: a procedure
SET ROLE users_owner;
CREATE PROCEDURE users.odd() LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
GRANT EXECUTE ON PROCEDURE users.odd() TO orders_service
-- undo
DROP PROCEDURE IF EXISTS users.odd()

-- foreign-grant: an aggregate
SET ROLE users_owner;
CREATE AGGREGATE users.odd(bigint) (SFUNC = int8pl, STYPE = bigint);
RESET ROLE;
GRANT EXECUTE ON FUNCTION users.odd(bigint) TO orders_service
-- undo
DROP AGGREGATE IF EXISTS users.odd(bigint)

-- foreign-grant: a type
SET ROLE users_owner;
CREATE TYPE users.odd AS ENUM ('a');
RESET ROLE;
GRANT USAGE ON TYPE users.odd TO orders_service
-- undo
DROP TYPE IF EXISTS users.odd

-- foreign-grant: a type of PUBLIC's
SET ROLE users_owner;
CREATE TYPE users.odd AS (a int);
RESET ROLE;
GRANT USAGE ON TYPE users.odd TO PUBLIC
-- undo
DROP TYPE IF EXISTS users.odd

-- foreign-grant: a domain
SET ROLE users_owner;
CREATE DOMAIN users.odd AS text;
RESET ROLE;
GRANT USAGE ON DOMAIN users.odd TO orders_service
-- undo
DROP DOMAIN IF EXISTS users.odd

-- foreign-grant: a view
SET ROLE users_owner;
CREATE VIEW users.odd AS SELECT id FROM users.accounts;
RESET ROLE;
GRANT SELECT ON users.odd TO orders_service
-- undo
DROP VIEW IF EXISTS users.odd

-- foreign-grant: a view of PUBLIC's
SET ROLE users_owner;
CREATE VIEW users.odd AS SELECT id FROM users.accounts;
RESET ROLE;
GRANT SELECT ON users.odd TO PUBLIC
-- undo
DROP VIEW IF EXISTS users.odd

-- foreign-grant: a materialized view
SET ROLE users_owner;
CREATE MATERIALIZED VIEW users.odd AS SELECT id FROM users.accounts;
RESET ROLE;
GRANT SELECT ON users.odd TO orders_service
-- undo
DROP MATERIALIZED VIEW IF EXISTS users.odd

-- foreign-grant: a partition
SET ROLE users_owner;
CREATE TABLE users.odd (id int) PARTITION BY LIST (id);
CREATE TABLE users.odd1 PARTITION OF users.odd DEFAULT;
RESET ROLE;
GRANT SELECT ON users.odd1 TO orders_service
-- undo
DROP TABLE IF EXISTS users.odd

-- foreign-grant: a new function that nobody closed
SET ROLE users_owner;
CREATE FUNCTION users.odd() RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA users TO PUBLIC
-- undo
DROP FUNCTION IF EXISTS users.odd()

-- foreign-grant: a name that needs quotes
SET ROLE users_owner;
CREATE TABLE users."Odd one" ("To do" int);
RESET ROLE;
GRANT SELECT ("To do") ON users."Odd one" TO orders_service
-- undo
DROP TABLE IF EXISTS users."Odd one"

-- excess-grant: TRUNCATE to its own serving role
GRANT TRUNCATE ON users.accounts TO users_service

-- excess-grant: REFERENCES to its own serving role
GRANT REFERENCES ON users.accounts TO users_service

-- excess-grant: TRIGGER to its own serving role
GRANT TRIGGER ON users.accounts TO users_service

-- excess-grant: a table that its serving role may pass on
GRANT SELECT ON users.accounts TO users_service WITH GRANT OPTION
-- undo
REVOKE GRANT OPTION FOR SELECT ON users.accounts FROM users_service CASCADE;
GRANT SELECT ON users.accounts TO users_service

-- excess-grant: a table that its serving role passed on
GRANT SELECT ON users.accounts TO users_service WITH GRANT OPTION;
SET ROLE users_service;
GRANT SELECT ON users.accounts TO outsider;
RESET ROLE
-- undo
REVOKE GRANT OPTION FOR SELECT ON users.accounts FROM users_service CASCADE;
GRANT SELECT ON users.accounts TO users_service

-- excess-grant: a schema that its serving role may pass on
GRANT USAGE ON SCHEMA users TO users_service WITH GRANT OPTION
-- undo
REVOKE GRANT OPTION FOR USAGE ON SCHEMA users FROM users_service CASCADE;
GRANT USAGE ON SCHEMA users TO users_service

-- excess-grant: a schema that its serving role builds in
GRANT CREATE ON SCHEMA users TO users_service

-- excess-grant: a column that its serving role refers to
GRANT REFERENCES (id) ON users.accounts TO users_service

-- excess-grant: the history of migrations
GRANT INSERT, DELETE ON users.__diesel_schema_migrations TO users_service

-- excess-grant: a column of the history of migrations
GRANT UPDATE (version) ON users.__diesel_schema_migrations TO users_service

-- excess-grant: a sequence that its serving role sets back
SET ROLE users_owner;
CREATE SEQUENCE users.odd;
RESET ROLE;
GRANT UPDATE ON SEQUENCE users.odd TO users_service
-- undo
DROP SEQUENCE IF EXISTS users.odd

-- excess-grant: a function that its serving role may pass on
SET ROLE users_owner;
CREATE FUNCTION users.odd() RETURNS int LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON FUNCTION users.odd() TO users_service WITH GRANT OPTION;
RESET ROLE;
GRANT EXECUTE ON FUNCTION users.odd() TO users_service
-- undo
DROP FUNCTION IF EXISTS users.odd()


---- Defaults for what is yet to come

-- default-grant: tables to another's serving role
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users GRANT SELECT ON TABLES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users REVOKE SELECT ON TABLES FROM orders_service

-- default-grant: tables to PUBLIC
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT SELECT ON TABLES TO PUBLIC
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE SELECT ON TABLES FROM PUBLIC

-- default-grant: tables to a third role
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users GRANT ALL ON TABLES TO outsider
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users REVOKE ALL ON TABLES FROM outsider

-- default-grant: tables to be emptied by its own
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users GRANT TRUNCATE ON TABLES TO users_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users REVOKE TRUNCATE ON TABLES FROM users_service

-- default-grant: sequences to another's serving role
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT USAGE ON SEQUENCES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE USAGE ON SEQUENCES FROM orders_service

-- default-grant: routines to another's serving role
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users GRANT EXECUTE ON ROUTINES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner IN SCHEMA users REVOKE EXECUTE ON ROUTINES FROM orders_service

-- default-grant: types to a third role
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT USAGE ON TYPES TO outsider
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE USAGE ON TYPES FROM outsider

-- default-grant: types to PUBLIC, as the server has it
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT USAGE ON TYPES TO PUBLIC
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE USAGE ON TYPES FROM PUBLIC

-- default-grant: schemas to another
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT USAGE ON SCHEMAS TO orders_owner
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE USAGE ON SCHEMAS FROM orders_owner

-- default-grant: the superuser's tables to a serving role
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE SELECT ON TABLES FROM orders_service

-- default-grant: the superuser's tables in a service's schema
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA users GRANT SELECT ON TABLES TO outsider
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE postgres IN SCHEMA users REVOKE SELECT ON TABLES FROM outsider

-- default-grant: the superuser's tables to PUBLIC
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO PUBLIC
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE SELECT ON TABLES FROM PUBLIC

-- default-grant: a serving role's tables
ALTER DEFAULT PRIVILEGES FOR ROLE users_service GRANT SELECT ON TABLES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_service REVOKE SELECT ON TABLES FROM orders_service

-- default-grant: a third role's tables to a serving role
ALTER DEFAULT PRIVILEGES FOR ROLE outsider IN SCHEMA third GRANT SELECT ON TABLES TO orders_service
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE outsider IN SCHEMA third REVOKE SELECT ON TABLES FROM orders_service

-- default-public-execute: routines to PUBLIC, as the server has it
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner GRANT EXECUTE ON ROUTINES TO PUBLIC
-- undo
ALTER DEFAULT PRIVILEGES FOR ROLE users_owner REVOKE EXECUTE ON ROUTINES FROM PUBLIC


---- Grants outside

-- outside-grant: a table of a third role's
GRANT SELECT ON third.notes TO orders_service

-- outside-grant: a column of a third role's
GRANT SELECT (id) ON third.notes TO orders_service

-- outside-grant: a schema of a third role's
GRANT USAGE ON SCHEMA third TO orders_service

-- outside-grant: public to build in
GRANT CREATE ON SCHEMA public TO orders_owner

-- outside-grant: pg_catalog to build in
GRANT CREATE ON SCHEMA pg_catalog TO orders_owner

-- outside-grant: the passwords
GRANT SELECT ON pg_authid TO orders_service

-- outside-grant: a column of the passwords
GRANT SELECT (rolpassword) ON pg_authid TO orders_service

-- outside-grant: the statistics
GRANT SELECT ON pg_statistic TO orders_service

-- outside-grant: the server's files
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO orders_service

-- outside-grant: an advisory lock again
GRANT EXECUTE ON FUNCTION pg_try_advisory_lock(bigint) TO orders_service

-- outside-grant: a language
GRANT USAGE ON LANGUAGE plpgsql TO orders_service

-- outside-grant: a tablespace
GRANT CREATE ON TABLESPACE pg_default TO orders_service

-- outside-grant: a large object
SELECT lo_create(42);
GRANT SELECT ON LARGE OBJECT 42 TO orders_service
-- undo
SELECT lo_unlink(oid) FROM pg_largeobject_metadata

-- outside-grant: a foreign data wrapper
CREATE FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO orders_owner
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing

-- outside-grant: a foreign server
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN SERVER door TO orders_owner
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- outside-grant: a sequence of a third role's
CREATE SEQUENCE third.odd;
GRANT USAGE ON SEQUENCE third.odd TO orders_service
-- undo
DROP SEQUENCE IF EXISTS third.odd

-- outside-grant: a function of a third role's
CREATE FUNCTION third.odd(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON FUNCTION third.odd(int) TO orders_service
-- undo
DROP FUNCTION IF EXISTS third.odd(int)

-- outside-grant: a procedure of a third role's
CREATE PROCEDURE third.odd() LANGUAGE sql AS 'SELECT 1';
GRANT EXECUTE ON PROCEDURE third.odd() TO orders_service
-- undo
DROP PROCEDURE IF EXISTS third.odd()

-- outside-grant: a type of a third role's
CREATE TYPE third.odd AS ENUM ('a');
GRANT USAGE ON TYPE third.odd TO orders_service
-- undo
DROP TYPE IF EXISTS third.odd

-- outside-grant: a domain of a third role's
CREATE DOMAIN third.odd AS int;
GRANT USAGE ON DOMAIN third.odd TO orders_service
-- undo
DROP DOMAIN IF EXISTS third.odd

-- outside-grant: a view of a third role's
CREATE VIEW third.odd AS SELECT 1 AS one;
ALTER VIEW third.odd OWNER TO outsider;
GRANT SELECT ON third.odd TO orders_service
-- undo
DROP VIEW IF EXISTS third.odd

-- public-grant: public to build in
GRANT CREATE ON SCHEMA public TO PUBLIC

-- public-grant: public to look in
GRANT USAGE ON SCHEMA public TO PUBLIC

-- public-grant: pg_catalog to build in
GRANT CREATE ON SCHEMA pg_catalog TO PUBLIC

-- public-grant: a schema of a third role's
GRANT USAGE ON SCHEMA third TO PUBLIC

-- public-grant: the passwords
GRANT SELECT ON pg_authid TO PUBLIC

-- public-grant: a column of the passwords
GRANT SELECT (rolpassword) ON pg_authid TO PUBLIC

-- public-grant: the statistics
GRANT SELECT ON pg_statistic TO PUBLIC

-- public-grant: information_schema to write to
GRANT INSERT ON information_schema.sql_features TO PUBLIC

-- public-grant: the server's files
GRANT EXECUTE ON FUNCTION pg_read_file(text) TO PUBLIC

-- public-grant: the server's folders
GRANT EXECUTE ON FUNCTION pg_ls_dir(text) TO PUBLIC

-- public-grant: a tablespace
GRANT CREATE ON TABLESPACE pg_default TO PUBLIC

-- public-grant: a foreign data wrapper
CREATE FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN DATA WRAPPER nothing TO PUBLIC
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing

-- public-grant: a foreign server
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing;
GRANT USAGE ON FOREIGN SERVER door TO PUBLIC
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- catalog-grant: the passwords to a third role
GRANT SELECT ON pg_authid TO outsider

-- catalog-grant: a column of the passwords to a third role
GRANT SELECT (rolpassword) ON pg_authid TO outsider

-- catalog-grant: the statistics to a group
GRANT SELECT ON pg_statistic TO readers

-- catalog-grant: the large objects to a third role
GRANT SELECT ON pg_largeobject TO outsider

-- catalog-grant: the server's files to a third role
GRANT EXECUTE ON FUNCTION pg_read_binary_file(text) TO outsider

-- catalog-grant: pg_catalog to build in
GRANT CREATE ON SCHEMA pg_catalog TO outsider

-- catalog-object: a function among PostgreSQL's own
CREATE FUNCTION pg_catalog.peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT count(*) FROM users.accounts'
-- undo
DROP FUNCTION IF EXISTS pg_catalog.peek()

-- catalog-object: a view in information_schema
CREATE VIEW information_schema.peek AS SELECT id FROM users.accounts
-- undo
DROP VIEW IF EXISTS information_schema.peek

-- security-definer: a function of PostgreSQL's own
ALTER FUNCTION pg_catalog.now() SECURITY DEFINER
-- undo
ALTER FUNCTION pg_catalog.now() SECURITY INVOKER


---- Databases, settings and limits

-- database-grant: TEMP to a serving role
GRANT TEMP ON DATABASE app TO orders_service

-- database-grant: TEMP to an owner
GRANT TEMP ON DATABASE app TO orders_owner

-- database-grant: TEMP to PUBLIC
GRANT TEMP ON DATABASE app TO PUBLIC

-- database-grant: CREATE to an owner
GRANT CREATE ON DATABASE app TO orders_owner

-- database-grant: CREATE to PUBLIC
GRANT CREATE ON DATABASE app TO PUBLIC

-- database-grant: CREATE to a third role
GRANT CREATE ON DATABASE app TO outsider

-- database-grant: CONNECT to PUBLIC
GRANT CONNECT ON DATABASE app TO PUBLIC

-- database-grant: CONNECT to pass on
GRANT CONNECT ON DATABASE app TO orders_service WITH GRANT OPTION
-- undo
REVOKE GRANT OPTION FOR CONNECT ON DATABASE app FROM orders_service CASCADE;
GRANT CONNECT ON DATABASE app TO orders_service

-- other-database: CONNECT to the first database
GRANT CONNECT ON DATABASE postgres TO PUBLIC

-- other-database: CONNECT to the template
GRANT CONNECT ON DATABASE template1 TO PUBLIC

-- other-database: CONNECT to somebody's
GRANT CONNECT ON DATABASE elsewhere TO orders_service

-- other-database: a new database that nobody closed
CREATE DATABASE fresh
-- undo
DROP DATABASE IF EXISTS fresh

-- other-database: a new database of a serving role's
CREATE DATABASE fresh ;;
REVOKE ALL ON DATABASE fresh FROM PUBLIC ;;
ALTER DATABASE fresh OWNER TO orders_service
-- undo
DROP DATABASE IF EXISTS fresh

-- setting-missing: statement_timeout reset
ALTER ROLE orders_service IN DATABASE app RESET statement_timeout
-- undo
ALTER ROLE orders_service IN DATABASE app SET statement_timeout = '3s'

-- setting-missing: lock_timeout reset
ALTER ROLE orders_service IN DATABASE app RESET lock_timeout
-- undo
ALTER ROLE orders_service IN DATABASE app SET lock_timeout = '1s'

-- setting-missing: idle_in_transaction_session_timeout reset
ALTER ROLE orders_service IN DATABASE app RESET idle_in_transaction_session_timeout
-- undo
ALTER ROLE orders_service IN DATABASE app SET idle_in_transaction_session_timeout = '5s'

-- setting-missing: temp_file_limit reset
ALTER ROLE orders_service IN DATABASE app RESET temp_file_limit
-- undo
ALTER ROLE orders_service IN DATABASE app SET temp_file_limit = '64MB'

-- setting-missing: search_path reset
ALTER ROLE orders_service IN DATABASE app RESET search_path
-- undo
ALTER ROLE orders_service IN DATABASE app SET search_path = 'orders'

-- setting-missing: lc_messages reset
ALTER ROLE orders_service IN DATABASE app RESET lc_messages
-- undo
ALTER ROLE orders_service IN DATABASE app SET lc_messages = 'C'

-- setting-missing: statement_timeout off
ALTER ROLE orders_service IN DATABASE app SET statement_timeout = 0
-- undo
ALTER ROLE orders_service IN DATABASE app SET statement_timeout = '3s'

-- setting-foreign: statement_timeout stretched
ALTER ROLE orders_service IN DATABASE app SET statement_timeout = '1h'
-- undo
ALTER ROLE orders_service IN DATABASE app SET statement_timeout = '3s'

-- setting-missing: an owner's lock_timeout off
ALTER ROLE users_owner IN DATABASE app SET lock_timeout = 0
-- undo
ALTER ROLE users_owner IN DATABASE app SET lock_timeout = '5s'

-- setting-missing: a path that leads to another's schema
ALTER ROLE orders_service IN DATABASE app SET search_path = orders, users
-- undo
ALTER ROLE orders_service IN DATABASE app SET search_path = orders

-- setting-foreign: a setting for the role in every database
ALTER ROLE orders_service SET work_mem = '1GB'
-- undo
ALTER ROLE orders_service RESET ALL

-- setting-foreign: a setting for the role in this database
ALTER ROLE orders_service IN DATABASE app SET synchronous_commit = off
-- undo
ALTER ROLE orders_service IN DATABASE app RESET synchronous_commit

-- setting-foreign: a role to start as
ALTER ROLE orders_service IN DATABASE app SET role = users_service
-- undo
ALTER ROLE orders_service IN DATABASE app RESET role

-- setting-foreign: a setting of the database's
ALTER DATABASE app SET statement_timeout = 0
-- undo
ALTER DATABASE app RESET ALL

-- setting-foreign: a path of the database's
ALTER DATABASE app SET search_path = users, orders
-- undo
ALTER DATABASE app RESET ALL

-- setting-foreign: a setting of all roles
ALTER ROLE ALL SET lo_compat_privileges = on
-- undo
ALTER ROLE ALL RESET ALL

-- setting-foreign: a setting of all roles in this database
ALTER ROLE ALL IN DATABASE app SET session_replication_role = replica
-- undo
ALTER ROLE ALL IN DATABASE app RESET ALL

-- setting-foreign: a setting that nobody knows
ALTER ROLE orders_service IN DATABASE app SET my.own = 'x=y'
-- undo
ALTER ROLE orders_service IN DATABASE app RESET my.own

-- connection-limit: no limit
ALTER ROLE orders_service CONNECTION LIMIT -1
-- undo
ALTER ROLE orders_service CONNECTION LIMIT 20

-- connection-limit: no limit for an owner
ALTER ROLE users_owner CONNECTION LIMIT -1
-- undo
ALTER ROLE users_owner CONNECTION LIMIT 8

-- connection-budget: limits beyond the server's
ALTER ROLE orders_service CONNECTION LIMIT 1000
-- undo
ALTER ROLE orders_service CONNECTION LIMIT 20

-- parameter-grant: a setting to orders_service
GRANT SET ON PARAMETER session_replication_role TO orders_service

-- parameter-grant: a setting to PUBLIC
GRANT SET ON PARAMETER session_replication_role TO PUBLIC

-- parameter-grant: a setting to outsider
GRANT SET ON PARAMETER session_replication_role TO outsider

-- parameter-grant: the server's configuration
GRANT ALTER SYSTEM ON PARAMETER work_mem TO orders_service

-- parameter-grant: the server's configuration to a third role
GRANT ALTER SYSTEM ON PARAMETER archive_command TO outsider


---- Crossings

-- cross-schema-key: a foreign key
ALTER TABLE orders.orders ADD CONSTRAINT spy FOREIGN KEY (customer_id) REFERENCES users.accounts
-- undo
ALTER TABLE orders.orders DROP CONSTRAINT IF EXISTS spy

-- cross-schema-key: a foreign key to a third schema
ALTER TABLE orders.orders ADD CONSTRAINT spy FOREIGN KEY (version) REFERENCES third.notes
-- undo
ALTER TABLE orders.orders DROP CONSTRAINT IF EXISTS spy

-- cross-schema-key: a foreign key from a third schema
CREATE TABLE third.spy (id uuid, CONSTRAINT spy FOREIGN KEY (id) REFERENCES users.accounts)
-- undo
DROP TABLE IF EXISTS third.spy

-- cross-schema-key: a foreign key of a partitioned table
SET ROLE orders_owner;
CREATE TABLE orders.spy (id uuid) PARTITION BY HASH (id);
CREATE TABLE orders.spy0 PARTITION OF orders.spy FOR VALUES WITH (MODULUS 1, REMAINDER 0);
RESET ROLE;
ALTER TABLE orders.spy ADD CONSTRAINT spy FOREIGN KEY (id) REFERENCES users.accounts
-- undo
DROP TABLE IF EXISTS orders.spy

-- cross-schema-key: a foreign key that is not validated
ALTER TABLE orders.orders ADD CONSTRAINT spy FOREIGN KEY (customer_id) REFERENCES users.accounts NOT VALID
-- undo
ALTER TABLE orders.orders DROP CONSTRAINT IF EXISTS spy

-- cross-schema-object: a view
CREATE VIEW orders.spy AS SELECT id FROM users.accounts;
ALTER VIEW orders.spy OWNER TO orders_owner
-- undo
DROP VIEW IF EXISTS orders.spy

-- cross-schema-object: a view with the reader's rights
CREATE VIEW orders.spy WITH (security_invoker) AS SELECT id FROM users.accounts;
ALTER VIEW orders.spy OWNER TO orders_owner
-- undo
DROP VIEW IF EXISTS orders.spy

-- cross-schema-object: a view in a third schema
CREATE VIEW third.spy AS SELECT id FROM users.accounts;
ALTER VIEW third.spy OWNER TO outsider
-- undo
DROP VIEW IF EXISTS third.spy

-- cross-schema-object: a materialized view
CREATE MATERIALIZED VIEW orders.spy AS SELECT id FROM users.accounts;
ALTER MATERIALIZED VIEW orders.spy OWNER TO orders_owner
-- undo
DROP MATERIALIZED VIEW IF EXISTS orders.spy

-- cross-schema-object: a rule
CREATE RULE spy AS ON INSERT TO users.accounts DO ALSO DELETE FROM orders.orders
-- undo
DROP RULE IF EXISTS spy ON users.accounts

-- cross-schema-object: a trigger
SET ROLE users_owner;
CREATE FUNCTION users.spy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
RESET ROLE;
CREATE TRIGGER spy AFTER INSERT ON orders.orders EXECUTE FUNCTION users.spy()
-- undo
DROP FUNCTION IF EXISTS users.spy() CASCADE

-- cross-schema-object: a policy
CREATE POLICY spy ON orders.orders USING (EXISTS (SELECT FROM users.accounts))
-- undo
DROP POLICY IF EXISTS spy ON orders.orders

-- cross-schema-object: a default
SET ROLE users_owner;
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
ALTER TABLE orders.orders ADD spy int DEFAULT users.spy()
-- undo
ALTER TABLE orders.orders DROP spy;
DROP FUNCTION IF EXISTS users.spy()

-- cross-schema-object: a default of another's sequence
SET ROLE users_owner;
CREATE SEQUENCE users.spy;
RESET ROLE;
ALTER TABLE orders.orders ADD spy bigint DEFAULT nextval('users.spy')
-- undo
ALTER TABLE orders.orders DROP spy;
DROP SEQUENCE IF EXISTS users.spy

-- cross-schema-object: a generated column
SET ROLE users_owner;
CREATE FUNCTION users.spy(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
RESET ROLE;
ALTER TABLE orders.orders ADD spy text GENERATED ALWAYS AS (users.spy(currency)) STORED
-- undo
ALTER TABLE orders.orders DROP spy;
DROP FUNCTION IF EXISTS users.spy(text)

-- cross-schema-object: a check
SET ROLE users_owner;
CREATE FUNCTION users.spy() RETURNS boolean LANGUAGE sql AS 'SELECT true';
RESET ROLE;
ALTER TABLE orders.orders ADD CONSTRAINT spy CHECK (users.spy())
-- undo
ALTER TABLE orders.orders DROP CONSTRAINT spy;
DROP FUNCTION IF EXISTS users.spy()

-- cross-schema-object: an index
SET ROLE users_owner;
CREATE FUNCTION users.spy(text) RETURNS text IMMUTABLE LANGUAGE sql AS 'SELECT $1';
RESET ROLE;
CREATE INDEX spy ON orders.orders (users.spy(currency))
-- undo
DROP FUNCTION IF EXISTS users.spy(text) CASCADE

-- cross-schema-object: a column's type
SET ROLE users_owner;
CREATE TYPE users.spy AS ENUM ('a');
RESET ROLE;
ALTER TABLE orders.orders ADD spy users.spy
-- undo
DROP TYPE IF EXISTS users.spy CASCADE

-- cross-schema-object: a column's array type
SET ROLE users_owner;
CREATE TYPE users.spy AS ENUM ('a');
RESET ROLE;
ALTER TABLE orders.orders ADD spy users.spy[]
-- undo
DROP TYPE IF EXISTS users.spy CASCADE

-- cross-schema-object: a column of another's rows
ALTER TABLE orders.orders ADD spy users.accounts
-- undo
ALTER TABLE orders.orders DROP spy

-- cross-schema-object: a domain
SET ROLE users_owner;
CREATE TYPE users.spy AS ENUM ('a');
RESET ROLE;
CREATE DOMAIN orders.spy AS users.spy;
ALTER DOMAIN orders.spy OWNER TO orders_owner
-- undo
DROP TYPE IF EXISTS users.spy CASCADE

-- cross-schema-object: a composite type
SET ROLE users_owner;
CREATE TYPE users.spy AS ENUM ('a');
RESET ROLE;
CREATE TYPE orders.spy AS (a users.spy);
ALTER TYPE orders.spy OWNER TO orders_owner
-- undo
DROP TYPE IF EXISTS orders.spy;
DROP TYPE IF EXISTS users.spy CASCADE

-- cross-schema-object: a range
SET ROLE users_owner;
CREATE TYPE users.spy AS ENUM ('a');
RESET ROLE;
CREATE TYPE orders.spy AS RANGE (subtype = users.spy);
ALTER TYPE orders.spy OWNER TO orders_owner
-- undo
DROP TYPE IF EXISTS orders.spy;
DROP TYPE IF EXISTS users.spy CASCADE

-- cross-schema-object: inheritance
CREATE TABLE orders.spy () INHERITS (users.accounts);
ALTER TABLE orders.spy OWNER TO orders_owner
-- undo
DROP TABLE IF EXISTS orders.spy

-- cross-schema-object: a table of a type
SET ROLE users_owner;
CREATE TYPE users.spy AS (a int);
RESET ROLE;
CREATE TABLE orders.spy OF users.spy;
ALTER TABLE orders.spy OWNER TO orders_owner
-- undo
DROP TABLE IF EXISTS orders.spy;
DROP TYPE IF EXISTS users.spy

-- cross-schema-object: a partition
SET ROLE users_owner;
CREATE TABLE users.spy (id int) PARTITION BY LIST (id);
RESET ROLE;
CREATE TABLE orders.spy PARTITION OF users.spy DEFAULT;
ALTER TABLE orders.spy OWNER TO orders_owner
-- undo
DROP TABLE IF EXISTS users.spy

-- cross-schema-object: statistics
CREATE STATISTICS orders.spy ON email, name FROM users.accounts;
ALTER STATISTICS orders.spy OWNER TO orders_owner
-- undo
DROP STATISTICS IF EXISTS orders.spy

-- cross-schema-object: a function's argument
CREATE FUNCTION orders.spy(users.accounts) RETURNS int LANGUAGE sql AS 'SELECT 1';
ALTER FUNCTION orders.spy OWNER TO orders_owner
-- undo
DROP FUNCTION IF EXISTS orders.spy

-- cross-schema-object: a function that returns another's rows
CREATE FUNCTION orders.spy() RETURNS SETOF users.accounts LANGUAGE plpgsql AS 'BEGIN END';
ALTER FUNCTION orders.spy OWNER TO orders_owner
-- undo
DROP FUNCTION IF EXISTS orders.spy

-- cross-schema-object: a function with a parsed body
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM users.accounts;
END;
ALTER FUNCTION orders.spy OWNER TO orders_owner
-- undo
DROP FUNCTION IF EXISTS orders.spy

-- cross-schema-object: an aggregate
SET ROLE users_owner;
CREATE FUNCTION users.spy(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
CREATE AGGREGATE orders.spy(int) (SFUNC = users.spy, STYPE = int);
ALTER AGGREGATE orders.spy(int) OWNER TO orders_owner
-- undo
DROP AGGREGATE IF EXISTS orders.spy(int);
DROP FUNCTION IF EXISTS users.spy(int, int)

-- cross-schema-object: an operator
SET ROLE users_owner;
CREATE FUNCTION users.spy(int, int) RETURNS int LANGUAGE sql AS 'SELECT 1';
RESET ROLE;
CREATE OPERATOR orders.=== (FUNCTION = users.spy, LEFTARG = int, RIGHTARG = int);
ALTER OPERATOR orders.=== (int, int) OWNER TO orders_owner
-- undo
DROP OPERATOR IF EXISTS orders.=== (int, int);
DROP FUNCTION IF EXISTS users.spy(int, int)

-- cross-schema-object: an operator class
CREATE OPERATOR FAMILY orders.spy USING btree;
ALTER OPERATOR FAMILY orders.spy USING btree OWNER TO orders_owner;
SET ROLE users_owner;
CREATE TYPE users.spy AS (a int);
RESET ROLE;
CREATE OPERATOR CLASS orders.spy FOR TYPE users.spy USING btree FAMILY orders.spy AS STORAGE users.spy;
ALTER OPERATOR CLASS orders.spy USING btree OWNER TO orders_owner
-- undo
DROP OPERATOR FAMILY IF EXISTS orders.spy USING btree CASCADE;
DROP TYPE IF EXISTS users.spy

-- cross-schema-object: a cast
SET ROLE users_owner;
CREATE TYPE users.spy AS (a int);
RESET ROLE;
SET ROLE orders_owner;
CREATE TYPE orders.spy AS (a int);
RESET ROLE;
CREATE CAST (orders.spy AS users.spy) WITH INOUT
-- undo
DROP TYPE IF EXISTS users.spy CASCADE;
DROP TYPE IF EXISTS orders.spy

-- cross-schema-object: a collation
SET ROLE users_owner;
CREATE COLLATION users.spy (provider = libc, locale = 'C');
RESET ROLE;
ALTER TABLE orders.orders ADD spy text COLLATE users.spy
-- undo
ALTER TABLE orders.orders DROP spy;
DROP COLLATION IF EXISTS users.spy

-- cross-schema-object: a text search configuration
CREATE TEXT SEARCH DICTIONARY users.spy (TEMPLATE = simple);
ALTER TEXT SEARCH DICTIONARY users.spy OWNER TO users_owner;
CREATE TEXT SEARCH CONFIGURATION orders.spy (COPY = pg_catalog.simple);
ALTER TEXT SEARCH CONFIGURATION orders.spy OWNER TO orders_owner;
ALTER TEXT SEARCH CONFIGURATION orders.spy ALTER MAPPING FOR word WITH users.spy
-- undo
DROP TEXT SEARCH CONFIGURATION IF EXISTS orders.spy;
DROP TEXT SEARCH DICTIONARY IF EXISTS users.spy

-- cross-schema-code: a body that names a schema
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql  AS $$ BEGIN RETURN (SELECT count(*) FROM users.accounts); END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body that names a schema in quotes
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql  AS $$ SELECT count(*) FROM "users" . "accounts" $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body with a comment in the name
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql  AS $$ SELECT count(*) FROM users/* */.accounts $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body that sets its schema
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql  AS $$ BEGIN SET LOCAL SCHEMA 'users'; RETURN (SELECT count(*) FROM accounts); END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-object: a cast between built-in types
CREATE FUNCTION orders.spell(point) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'x' $$;
ALTER FUNCTION orders.spell(point) OWNER TO orders_owner;
CREATE CAST (point AS text) WITH FUNCTION orders.spell(point) AS IMPLICIT
-- undo
DROP CAST IF EXISTS (point AS text);
DROP FUNCTION IF EXISTS orders.spell(point)

-- cross-schema-code: a body that shouts
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql  AS $$ SELECT count(*) FROM USERS.Accounts $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body of dynamic SQL
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql  AS $$ BEGIN EXECUTE format('SELECT count(*) FROM %I.%I', 'users', 'accounts'); RETURN 1; END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body that turns to a schema
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql  AS $$ BEGIN SET LOCAL search_path = users; RETURN (SELECT count(*) FROM accounts); END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a body that turns to a schema by a function
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE plpgsql  AS $$ BEGIN PERFORM set_config('search_path', 'users', true); RETURN (SELECT count(*) FROM accounts); END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a function that starts in a schema
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql SET search_path = users AS $$ SELECT count(*) FROM accounts $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a function that also looks into a schema
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS bigint LANGUAGE sql SET search_path = orders, users, pg_temp AS $$ SELECT count(*) FROM accounts $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a trigger's body
SET ROLE orders_owner;
SET check_function_bodies = off;
CREATE FUNCTION orders.spy() RETURNS trigger LANGUAGE plpgsql  AS $$ BEGIN DELETE FROM users.accounts; RETURN NEW; END $$;
RESET check_function_bodies;
RESET ROLE
-- undo
DROP FUNCTION IF EXISTS orders.spy()

-- cross-schema-code: a procedure in public
CREATE PROCEDURE public.spy() LANGUAGE plpgsql AS 'BEGIN DELETE FROM users.accounts; END'
-- undo
DROP PROCEDURE IF EXISTS public.spy()

-- cross-schema-code: a view that holds SQL as text
CREATE VIEW orders.spy AS SELECT query_to_xml('SELECT * FROM users.accounts', true, true, '');
ALTER VIEW orders.spy OWNER TO orders_owner
-- undo
DROP VIEW IF EXISTS orders.spy

-- cross-schema-code: a default that holds a name as text
ALTER TABLE orders.orders ADD spy bigint DEFAULT nextval(('users.spy'::text)::regclass)
-- undo
ALTER TABLE orders.orders DROP spy

-- security-definer: no path
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER  AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: a path without pg_temp
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = users AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: pg_temp first
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_temp, users AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: a path that is one name
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = 'users, pg_temp' AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: a path by way of a third schema
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = third, users, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: a path by way of whoever calls
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = "$user", users, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: the superuser's
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = users, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO postgres
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: another owner's
CREATE FUNCTION users.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = users, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION users.spy() FROM PUBLIC;
ALTER FUNCTION users.spy() OWNER TO orders_owner
-- undo
DROP FUNCTION IF EXISTS users.spy()

-- security-definer: in public
CREATE FUNCTION public.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = users, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION public.spy() FROM PUBLIC;
ALTER FUNCTION public.spy() OWNER TO users_owner
-- undo
DROP FUNCTION IF EXISTS public.spy()

-- security-definer: in a third schema
CREATE FUNCTION third.spy() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
REVOKE ALL ON FUNCTION third.spy() FROM PUBLIC;
ALTER FUNCTION third.spy() OWNER TO postgres
-- undo
DROP FUNCTION IF EXISTS third.spy()

-- security-definer: a procedure
CREATE PROCEDURE users.spy() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';
ALTER PROCEDURE users.spy() OWNER TO users_owner
-- undo
DROP PROCEDURE IF EXISTS users.spy()

-- view-as-owner: a superuser's view in public
CREATE VIEW public.spy AS SELECT id FROM users.accounts
-- undo
DROP VIEW IF EXISTS public.spy

-- view-as-owner: a superuser's view in a service's schema
CREATE VIEW orders.spy AS SELECT 1 AS one
-- undo
DROP VIEW IF EXISTS orders.spy

-- view-as-owner: an owner's materialized view in a third schema
CREATE MATERIALIZED VIEW third.spy AS SELECT id FROM users.accounts;
ALTER MATERIALIZED VIEW third.spy OWNER TO users_owner
-- undo
DROP MATERIALIZED VIEW IF EXISTS third.spy

-- native-code: a closed function under another name
CREATE FUNCTION orders.lock(bigint) RETURNS void LANGUAGE internal AS 'pg_advisory_lock_int8';
ALTER FUNCTION orders.lock(bigint) OWNER TO orders_owner
-- undo
DROP FUNCTION IF EXISTS orders.lock(bigint)

-- native-code: a function of a library's
CREATE FUNCTION third.spy() RETURNS trigger LANGUAGE c AS '$libdir/refint', 'check_primary_key';
ALTER FUNCTION third.spy() OWNER TO outsider
-- undo
DROP FUNCTION IF EXISTS third.spy()

-- event-trigger: code on every change of a schema
CREATE FUNCTION third.spy() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER spy ON ddl_command_end EXECUTE FUNCTION third.spy()
-- undo
DROP FUNCTION IF EXISTS third.spy() CASCADE


---- Doors

-- extension: dblink
CREATE EXTENSION IF NOT EXISTS dblink
-- undo
DROP EXTENSION IF EXISTS dblink

-- extension: postgres_fdw
CREATE EXTENSION IF NOT EXISTS postgres_fdw
-- undo
DROP EXTENSION IF EXISTS postgres_fdw

-- extension: file_fdw
CREATE EXTENSION IF NOT EXISTS file_fdw
-- undo
DROP EXTENSION IF EXISTS file_fdw

-- extension: adminpack
CREATE EXTENSION IF NOT EXISTS adminpack
-- undo
DROP EXTENSION IF EXISTS adminpack

-- extension: lo
CREATE EXTENSION IF NOT EXISTS lo
-- undo
DROP EXTENSION IF EXISTS lo

-- extension: xml2
CREATE EXTENSION IF NOT EXISTS xml2
-- undo
DROP EXTENSION IF EXISTS xml2

-- extension: pageinspect
CREATE EXTENSION IF NOT EXISTS pageinspect
-- undo
DROP EXTENSION IF EXISTS pageinspect

-- extension: pg_trgm
CREATE EXTENSION IF NOT EXISTS pg_trgm
-- undo
DROP EXTENSION IF EXISTS pg_trgm

-- extension: hstore
CREATE EXTENSION IF NOT EXISTS hstore
-- undo
DROP EXTENSION IF EXISTS hstore

-- extension: pg_stat_statements
CREATE EXTENSION IF NOT EXISTS pg_stat_statements
-- undo
DROP EXTENSION IF EXISTS pg_stat_statements

-- foreign-server: a server
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- foreign-server: a login there
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing;
CREATE USER MAPPING FOR orders_service SERVER door OPTIONS (password 'x')
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- foreign-server: a login there for all
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER door FOREIGN DATA WRAPPER nothing;
CREATE USER MAPPING FOR PUBLIC SERVER door
-- undo
DROP FOREIGN DATA WRAPPER IF EXISTS nothing CASCADE

-- publication: all tables
CREATE PUBLICATION leak FOR ALL TABLES
-- undo
DROP PUBLICATION IF EXISTS leak

-- publication: a table
CREATE PUBLICATION leak FOR TABLE users.accounts
-- undo
DROP PUBLICATION IF EXISTS leak

-- publication: a column
CREATE PUBLICATION leak FOR TABLE users.accounts (id)
-- undo
DROP PUBLICATION IF EXISTS leak

-- publication: a schema
CREATE PUBLICATION leak FOR TABLES IN SCHEMA users
-- undo
DROP PUBLICATION IF EXISTS leak

-- publication: both schemas
CREATE PUBLICATION leak FOR TABLES IN SCHEMA users, orders
-- undo
DROP PUBLICATION IF EXISTS leak

-- subscription: rows from elsewhere
CREATE SUBSCRIPTION feed CONNECTION 'dbname=none' PUBLICATION feed WITH (connect = false, slot_name = NONE)
-- undo
DROP SUBSCRIPTION IF EXISTS feed

-- large-object: of the superuser's
SELECT lo_create(42)
-- undo
SELECT lo_unlink(oid) FROM pg_largeobject_metadata

-- large-object: for all
SELECT lo_create(42);
GRANT SELECT ON LARGE OBJECT 42 TO PUBLIC
-- undo
SELECT lo_unlink(oid) FROM pg_largeobject_metadata

-- large-object: of another's
SELECT lo_create(42);
ALTER LARGE OBJECT 42 OWNER TO users_owner;
GRANT SELECT, UPDATE ON LARGE OBJECT 42 TO orders_service
-- undo
SELECT lo_unlink(oid) FROM pg_largeobject_metadata

-- shared-function: pg_advisory_lock(bigint) again
GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO PUBLIC

-- shared-function: pg_try_advisory_xact_lock(int, int) again
GRANT EXECUTE ON FUNCTION pg_try_advisory_xact_lock(int, int) TO PUBLIC

-- shared-function: pg_notify(text, text) again
GRANT EXECUTE ON FUNCTION pg_notify(text, text) TO PUBLIC

-- shared-function: lo_create(oid) again
GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC

-- shared-function: lo_from_bytea(oid, bytea) again
GRANT EXECUTE ON FUNCTION lo_from_bytea(oid, bytea) TO PUBLIC

-- shared-function: lowrite(int, bytea) again
GRANT EXECUTE ON FUNCTION lowrite(int, bytea) TO PUBLIC

-- shared-function: query_to_xml(text, boolean, boolean, text) again
GRANT EXECUTE ON FUNCTION query_to_xml(text, boolean, boolean, text) TO PUBLIC

-- shared-function: query_to_xml_and_xmlschema(text, boolean, boolean, text) again
GRANT EXECUTE ON FUNCTION query_to_xml_and_xmlschema(text, boolean, boolean, text) TO PUBLIC

-- shared-function: cursor_to_xml(refcursor, int, boolean, boolean, text) again
GRANT EXECUTE ON FUNCTION cursor_to_xml(refcursor, int, boolean, boolean, text) TO PUBLIC

-- shared-function: ts_stat(text) again
GRANT EXECUTE ON FUNCTION ts_stat(text) TO PUBLIC

-- shared-function: ts_rewrite(tsquery, text) again
GRANT EXECUTE ON FUNCTION ts_rewrite(tsquery, text) TO PUBLIC

-- shared-function: pg_export_snapshot() again
GRANT EXECUTE ON FUNCTION pg_export_snapshot() TO PUBLIC

-- shared-function: pg_logical_emit_message(boolean, text, text) again
GRANT EXECUTE ON FUNCTION pg_logical_emit_message(boolean, text, text) TO PUBLIC

-- shared-function: pg_sleep(double precision) again
GRANT EXECUTE ON FUNCTION pg_sleep(double precision) TO PUBLIC

-- shared-function: advisory locks again for a serving role
GRANT EXECUTE ON FUNCTION pg_advisory_xact_lock(bigint) TO users_service

-- language: programs for all
GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC

-- language: programs for a serving role
GRANT USAGE ON LANGUAGE plpgsql TO users_service
