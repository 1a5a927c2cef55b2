CREATE TABLE accounts (
    id            uuid        CONSTRAINT accounts_pkey PRIMARY KEY,
    email         text        NOT NULL CONSTRAINT accounts_email_key UNIQUE,
    name          text        NOT NULL,
    version       bigint      NOT NULL DEFAULT 1,
    registered_at timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT accounts_email_check CHECK (octet_length(email) BETWEEN 3 AND 254),
    CONSTRAINT accounts_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT accounts_version_check CHECK (version > 0)
);

COMMENT ON TABLE accounts IS 'The people who registered.';
COMMENT ON COLUMN accounts.id IS 'UUID of version 7, made by the program, so ids grow with time.';
COMMENT ON COLUMN accounts.email IS 'Lower-case address. Personal data.';
COMMENT ON COLUMN accounts.name IS 'As the person writes it. Personal data.';
COMMENT ON COLUMN accounts.version IS 'Grows by one with each change; the ETag on the wire.';
COMMENT ON COLUMN accounts.registered_at IS 'When the row was inserted, by the database''s clock.';
COMMENT ON COLUMN accounts.changed_at IS 'When the row was last changed, by the database''s clock.';

GRANT SELECT, INSERT, UPDATE (email, name, version, changed_at) ON accounts TO users_service;

-- The serving role reads which migrations have run, to refuse a schema of another version.
COMMENT ON TABLE __diesel_schema_migrations IS 'The migrations of this schema that have run. Kept by Diesel.';
COMMENT ON COLUMN __diesel_schema_migrations.version IS 'The digits of the migration''s folder.';
COMMENT ON COLUMN __diesel_schema_migrations.run_on IS 'When it ran, in UTC.';
GRANT SELECT ON __diesel_schema_migrations TO users_service;
