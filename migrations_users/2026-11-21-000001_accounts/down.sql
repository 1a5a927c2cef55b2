REVOKE SELECT ON __diesel_schema_migrations FROM users_service;
DROP TABLE accounts;
