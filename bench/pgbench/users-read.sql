\set user random(1, :users - :users / 10)
SELECT id, email, name, standing, refusal, version, registered_at, changed_at
FROM users.accounts WHERE id = ('01980000-0000-7000-8000-' || lpad(to_hex(:user::bigint), 12, '0'))::uuid;
