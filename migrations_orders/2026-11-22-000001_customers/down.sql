REVOKE UPDATE (idempotency_key) ON orders FROM orders_service;
ALTER TABLE orders DROP idempotency_key;
DROP TABLE closings;
DROP TABLE set_aside;
DROP TABLE feed_cursors;
DROP TABLE customers;
