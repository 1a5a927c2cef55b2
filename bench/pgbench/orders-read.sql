\set order random(1, :orders)
SELECT id, customer_id, status, currency, total, version, placed_at, changed_at
FROM orders.orders WHERE id = ('01980000-0001-7000-8000-' || lpad(to_hex(:order::bigint), 12, '0'))::uuid;
SELECT sku, quantity, unit_price FROM orders.items
WHERE order_id = ('01980000-0001-7000-8000-' || lpad(to_hex(:order::bigint), 12, '0'))::uuid ORDER BY position;
