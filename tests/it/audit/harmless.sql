-- What breaches nothing: a name, and its SQL. All of it stays, so the last audit sees it together. `backup` is a trusted role.

-- harmless: a table of the owner's, with verbs for its own service
SET ROLE users_owner;
CREATE TABLE users.addresses (id uuid PRIMARY KEY, account_id uuid, city text, zip text);
GRANT SELECT, INSERT, UPDATE (city), DELETE ON users.addresses TO users_service;
RESET ROLE

-- harmless: a foreign key within a schema
ALTER TABLE users.addresses ADD FOREIGN KEY (account_id) REFERENCES users.accounts ON DELETE CASCADE

-- harmless: an identity column
ALTER TABLE users.addresses ADD line bigint GENERATED ALWAYS AS IDENTITY

-- harmless: a sequence that its own service draws from
SET ROLE orders_owner;
CREATE SEQUENCE orders.numbers;
GRANT USAGE, SELECT ON SEQUENCE orders.numbers TO orders_service;
CREATE TABLE orders.parcels (id bigserial PRIMARY KEY, number bigint DEFAULT nextval('orders.numbers'));
GRANT SELECT, INSERT ON orders.parcels TO orders_service;
GRANT USAGE ON SEQUENCE orders.parcels_id_seq TO orders_service;
RESET ROLE

-- harmless: indexes, one of them of an expression
CREATE INDEX ON users.addresses (city);
CREATE UNIQUE INDEX ON users.addresses (lower(zip)) WHERE zip IS NOT NULL

-- harmless: a view and a materialized view in their own schema
SET ROLE orders_owner;
CREATE VIEW orders.open_orders AS SELECT id, total FROM orders.orders WHERE status = 'placed';
CREATE MATERIALIZED VIEW orders.totals AS SELECT currency, sum(total) FROM orders.orders GROUP BY currency;
GRANT SELECT ON orders.open_orders, orders.totals TO orders_service;
RESET ROLE

-- harmless: an enum, a composite type, a range and a domain
SET ROLE orders_owner;
CREATE TYPE orders.colour AS ENUM ('red', 'blue');
CREATE TYPE orders.size AS (width int, height int);
CREATE TYPE orders.span AS RANGE (subtype = bigint);
CREATE DOMAIN orders.sku AS text CHECK (value <> '');
GRANT USAGE ON TYPE orders.colour TO orders_service;
CREATE TABLE orders.goods (sku orders.sku, colour orders.colour, size orders.size, spans orders.span[]);
RESET ROLE

-- harmless: a partitioned table
SET ROLE orders_owner;
CREATE TABLE orders.log (at timestamptz, what text) PARTITION BY RANGE (at);
CREATE TABLE orders.log_2030 PARTITION OF orders.log FOR VALUES FROM ('2030-01-01') TO ('2031-01-01');
GRANT SELECT, INSERT ON orders.log TO orders_service;
RESET ROLE

-- harmless: inheritance within a schema
SET ROLE users_owner;
CREATE TABLE users.old_addresses () INHERITS (users.addresses);
RESET ROLE

-- harmless: a trigger with a function of its own schema
SET ROLE users_owner;
CREATE FUNCTION users.touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.city := trim(NEW.city); RETURN NEW; END $$;
CREATE TRIGGER touch BEFORE UPDATE ON users.addresses FOR EACH ROW EXECUTE FUNCTION users.touch();
RESET ROLE

-- harmless: a SECURITY DEFINER function with a pinned path for its own service
SET ROLE users_owner;
CREATE FUNCTION users.forget(uuid) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = users, pg_temp AS $$ DELETE FROM accounts WHERE id = $1 $$;
GRANT EXECUTE ON FUNCTION users.forget(uuid) TO users_service;
RESET ROLE

-- harmless: SECURITY DEFINER functions with other paths that hold
SET ROLE users_owner;
CREATE FUNCTION users.one() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, users, pg_temp AS 'SELECT 1';
CREATE FUNCTION users.two() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';
CREATE FUNCTION users.three() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT 1';
RESET ROLE

-- harmless: a function that names its own schema, and words that only look like another's
SET ROLE users_owner;
CREATE FUNCTION users.count() RETURNS bigint LANGUAGE plpgsql AS
$$ BEGIN RETURN (SELECT count(*) FROM users.accounts) /* no orders here, and no customer_orders.x */; END $$;
RESET ROLE

-- harmless: a rule, a policy and row security in their own schema
CREATE RULE keep AS ON DELETE TO users.old_addresses DO INSTEAD NOTHING;
ALTER TABLE users.addresses ENABLE ROW LEVEL SECURITY;
CREATE POLICY all_rows ON users.addresses TO users_service USING (true)

-- harmless: extended statistics
CREATE STATISTICS users.places ON city, zip FROM users.addresses;
ALTER STATISTICS users.places OWNER TO users_owner

-- harmless: comments, and rows
COMMENT ON SCHEMA users IS 'Not orders.';
COMMENT ON TABLE users.addresses IS 'Where orders.orders go.';
INSERT INTO users.addresses (id, city) SELECT gen_random_uuid(), 'Ulm' FROM generate_series(1, 1000);
ANALYZE

-- harmless: a generated column, a default and a check with built-in functions
ALTER TABLE users.addresses ADD label text GENERATED ALWAYS AS (upper(city)) STORED, ADD since date DEFAULT now(),
ADD CHECK (length(city) < 100)

-- harmless: plain verbs by default from an owner to its own service
ALTER DEFAULT PRIVILEGES FOR ROLE orders_owner IN SCHEMA orders GRANT SELECT, INSERT ON TABLES TO orders_service;
ALTER DEFAULT PRIVILEGES FOR ROLE orders_owner IN SCHEMA orders GRANT USAGE ON SEQUENCES TO orders_service;
SET ROLE orders_owner;
CREATE TABLE orders.by_default (id int);
RESET ROLE

-- harmless: a role that may do nothing
CREATE ROLE intern LOGIN PASSWORD 'x' VALID UNTIL '2040-01-01' IN ROLE readers

-- harmless: a role that may connect
CREATE ROLE visitor LOGIN CONNECTION LIMIT 3;
GRANT CONNECT ON DATABASE app TO visitor;
GRANT CONNECT ON DATABASE elsewhere TO visitor;
ALTER ROLE visitor SET statement_timeout = 0

-- harmless: a group of nobody
CREATE ROLE staff NOLOGIN;
GRANT staff TO readers

-- harmless: a role that watches: it reads statistics and ends sessions
CREATE ROLE watchdog LOGIN;
GRANT pg_monitor, pg_signal_backend TO watchdog

-- harmless: a trusted role that reads everything
CREATE ROLE backup LOGIN BYPASSRLS REPLICATION;
GRANT pg_read_all_data TO backup;
GRANT USAGE ON SCHEMA users TO backup;
GRANT SELECT ON ALL TABLES IN SCHEMA users TO backup

-- harmless: somebody else's schema, with a view, a function and a type of its own
SET ROLE outsider;
CREATE VIEW third.all_notes AS SELECT * FROM third.notes;
CREATE TYPE third.mood AS ENUM ('ok');
CREATE FUNCTION third.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
RESET ROLE

-- harmless: a publication of somebody else's table
CREATE PUBLICATION notes FOR TABLE third.notes

-- harmless: a foreign data wrapper that is no door
CREATE FOREIGN DATA WRAPPER nothing

-- harmless: a cast, an operator and an aggregate at home
SET ROLE orders_owner;
CREATE FUNCTION orders.area(orders.size) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE FUNCTION orders.bigger(orders.size, orders.size) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE OPERATOR orders.>>> (FUNCTION = orders.bigger, LEFTARG = orders.size, RIGHTARG = orders.size);
CREATE AGGREGATE orders.total(bigint) (SFUNC = int8pl, STYPE = bigint);
CREATE CAST (orders.size AS bigint) WITH FUNCTION orders.area(orders.size);
RESET ROLE

-- harmless: a procedure and a routine that was granted and revoked again
SET ROLE orders_owner;
CREATE PROCEDURE orders.tidy() LANGUAGE plpgsql AS 'BEGIN END';
GRANT EXECUTE ON PROCEDURE orders.tidy() TO orders_service;
RESET ROLE;
GRANT EXECUTE ON PROCEDURE orders.tidy() TO users_service;
REVOKE EXECUTE ON PROCEDURE orders.tidy() FROM users_service

-- harmless: a comment in a body that names the other schema
SET ROLE orders_owner;
CREATE FUNCTION orders.polite() RETURNS int LANGUAGE sql AS $$ SELECT 1 -- never touch users.accounts
$$;
RESET ROLE
