-- Moves what bench/fill.sql made into the one shared schema, in the same order.
\set ON_ERROR_STOP on
BEGIN;
INSERT INTO public.accounts (id, email, name, version, registered_at, changed_at, standing, refusal)
SELECT id, email, name, version, registered_at, changed_at, standing, refusal FROM users.accounts ORDER BY id;
INSERT INTO public.orders (id, customer_id, status, currency, total, version, placed_at, changed_at)
SELECT id, customer_id, status, currency, total, version, placed_at, changed_at FROM orders.orders ORDER BY id;
INSERT INTO public.items (order_id, position, sku, quantity, unit_price)
SELECT order_id, position, sku, quantity, unit_price FROM orders.items ORDER BY order_id, position;
DROP SCHEMA users, orders CASCADE;
COMMIT;
VACUUM (ANALYZE);
CHECKPOINT;
