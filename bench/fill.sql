-- Fills the two schemas: :users users with :orders orders of two items each, as if all had come through REST and every fact
-- about them had been read.
\set ON_ERROR_STOP on
BEGIN;

INSERT INTO users.accounts (id, email, name)
SELECT ('01980000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'user' || n || '@example.com', 'User number ' || n
FROM generate_series(1, :users) n;

INSERT INTO users.events (position, user_id, version, standing)
SELECT row_number() OVER (ORDER BY id), id, version, standing FROM users.accounts;
UPDATE users.feed_head SET position = :users;
INSERT INTO users.feed_readers (reader, position) VALUES ('orders', :users)
ON CONFLICT (reader) DO UPDATE SET position = excluded.position;

INSERT INTO orders.customers (id, version, standing)
SELECT id, version, standing FROM users.accounts;
-- now() is the same in all of a transaction, so this is the moment of the last fact.
INSERT INTO orders.feed_cursors (feed, position, at) VALUES ('users', :users, now())
ON CONFLICT (feed) DO UPDATE SET position = excluded.position, at = excluded.at;

INSERT INTO orders.orders (id, customer_id, currency, total)
SELECT ('01980000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,
       ('01980000-0000-7000-8000-' || lpad(to_hex((n - 1) % :users + 1), 12, '0'))::uuid, 'EUR', 2 * 499 + 100
FROM generate_series(1, :orders) n;
INSERT INTO orders.items (order_id, position, sku, quantity, unit_price)
SELECT ('01980000-0001-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, item.*
FROM generate_series(1, :orders) n,
     (VALUES (1, 'TEA-100', 2, 499), (2, 'CUP-1', 1, 100)) item (position, sku, quantity, unit_price);

COMMIT;
VACUUM (ANALYZE);
CHECKPOINT;
