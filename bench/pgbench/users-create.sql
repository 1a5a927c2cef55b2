-- An id as UUIDv7: made here, because pgbench has nothing to make it with.
BEGIN;
INSERT INTO users.accounts (id, email, name)
SELECT id, id || '@example.com', 'Grace Hopper'
FROM (SELECT (lpad(to_hex((extract(epoch FROM clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid AS id) AS new
RETURNING id, email, name, standing, refusal, version, registered_at, changed_at;
COMMIT;
