\set user random(1, :users - :users / 10)
SELECT id, email, name, standing, refusal, version, registered_at, changed_at
FROM users.accounts WHERE id = ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid;
SELECT id, customer_id, status, currency, total, version, placed_at, changed_at
FROM orders.orders WHERE customer_id = ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid ORDER BY id DESC LIMIT 50;
SELECT order_id, sku, quantity, unit_price FROM orders.items
WHERE order_id IN (
    SELECT id FROM orders.orders WHERE customer_id = ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid ORDER BY id DESC LIMIT 50)
ORDER BY order_id, position;
