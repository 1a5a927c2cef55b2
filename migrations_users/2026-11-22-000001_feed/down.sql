DROP TABLE feed_readers;
DROP TABLE events;
DROP TABLE feed_head;
-- Of a closed account nothing is left that the former table could hold.
DELETE FROM accounts WHERE standing = 'closed';
REVOKE UPDATE (standing, refusal) ON accounts FROM users_service;
ALTER TABLE accounts
    DROP standing,
    DROP refusal,
    ALTER email SET NOT NULL,
    ALTER name SET NOT NULL;
COMMENT ON COLUMN accounts.email IS 'Lower-case address. Personal data.';
COMMENT ON COLUMN accounts.name IS 'As the person writes it. Personal data.';
