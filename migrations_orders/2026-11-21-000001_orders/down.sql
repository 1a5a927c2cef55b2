REVOKE SELECT ON __diesel_schema_migrations FROM orders_service;
DROP TABLE items;
DROP TABLE orders;
