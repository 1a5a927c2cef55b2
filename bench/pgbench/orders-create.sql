\set user random(:users - :users / 10 + 1, :users)
BEGIN;
SELECT standing FROM users.accounts WHERE id = ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid;
INSERT INTO orders.orders (id, customer_id, currency, total)
VALUES ((lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
        ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid, 'EUR', 1098)
RETURNING id, customer_id, status, currency, total, version, placed_at, changed_at \gset
INSERT INTO orders.items (order_id, position, sku, quantity, unit_price)
VALUES (:id::uuid, 1, 'TEA-100', 2, 499), (:id::uuid, 2, 'CUP-1', 1, 100);
COMMIT;
