CREATE TABLE customers (
    id       uuid   CONSTRAINT customers_pkey PRIMARY KEY,
    version  bigint NOT NULL,
    standing text   NOT NULL,
    CONSTRAINT customers_standing_check CHECK (standing IN ('active', 'closing', 'closed'))
);

CREATE TABLE feed_cursors (
    feed     text   CONSTRAINT feed_cursors_pkey PRIMARY KEY,
    position bigint NOT NULL,
    CONSTRAINT feed_cursors_position_check CHECK (position >= 0)
);

CREATE TABLE set_aside (
    feed        text        NOT NULL,
    position    bigint      NOT NULL,
    customer_id uuid        NOT NULL,
    version     bigint      NOT NULL,
    standing    text        NOT NULL,
    superseded  boolean     NOT NULL,
    attempts    integer     NOT NULL DEFAULT 1,
    failure     text        NOT NULL,
    next_try_at timestamptz NOT NULL,
    CONSTRAINT set_aside_pkey PRIMARY KEY (feed, position)
);

CREATE TABLE closings (
    customer_id uuid   CONSTRAINT closings_pkey PRIMARY KEY,
    version     bigint NOT NULL,
    refusal     text
);

-- The key commits with the order that it names, or neither does.
ALTER TABLE orders ADD idempotency_key uuid;
CREATE UNIQUE INDEX orders_idempotency_key_key ON orders (idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX orders_keyed_idx ON orders (placed_at) WHERE idempotency_key IS NOT NULL;

COMMENT ON TABLE customers IS 'What orders knows of those who order: a copy, kept by the feed that it comes from. Nothing personal.';
COMMENT ON COLUMN customers.id IS 'The id that another service gave.';
COMMENT ON COLUMN customers.version IS 'The version of the account that this row tells of; an older one never overwrites it.';
COMMENT ON COLUMN customers.standing IS 'active, closing or closed. Only an active customer may order.';
COMMENT ON TABLE feed_cursors IS 'How far each feed was read. It moves in the transaction that applies what was read.';
COMMENT ON COLUMN feed_cursors.feed IS 'Whose feed.';
COMMENT ON COLUMN feed_cursors.position IS 'The last fact that was applied.';
COMMENT ON TABLE set_aside IS 'Facts that could not be applied. They are tried again, later and later, and hold up nobody.';
COMMENT ON COLUMN set_aside.feed IS 'Whose fact.';
COMMENT ON COLUMN set_aside.position IS 'Its place in the feed.';
COMMENT ON COLUMN set_aside.customer_id IS 'Whose account it tells of.';
COMMENT ON COLUMN set_aside.version IS 'The version of the account.';
COMMENT ON COLUMN set_aside.standing IS 'The standing, in the words of the feed.';
COMMENT ON COLUMN set_aside.superseded IS 'Whether a newer fact of the same account had followed.';
COMMENT ON COLUMN set_aside.attempts IS 'How often it was tried.';
COMMENT ON COLUMN set_aside.failure IS 'Why it failed last.';
COMMENT ON COLUMN set_aside.next_try_at IS 'When it is tried again, by the database''s clock.';
COMMENT ON TABLE closings IS 'Our answers to customers who want to leave, kept until the feed shows that they have arrived.';
COMMENT ON COLUMN closings.customer_id IS 'Who wants to leave.';
COMMENT ON COLUMN closings.version IS 'The version of the account that asked.';
COMMENT ON COLUMN closings.refusal IS 'Why they cannot leave yet; null when they can.';
COMMENT ON COLUMN orders.idempotency_key IS 'What the client calls this order, hashed with the customer''s id (UUID of version 5); null without one, or once it has expired.';

GRANT SELECT, INSERT, UPDATE (version, standing), DELETE ON customers TO orders_service;
GRANT SELECT, INSERT, UPDATE (position) ON feed_cursors TO orders_service;
GRANT SELECT, INSERT, UPDATE (attempts, failure, next_try_at), DELETE ON set_aside TO orders_service;
GRANT SELECT, INSERT, UPDATE (version, refusal), DELETE ON closings TO orders_service;
GRANT UPDATE (idempotency_key) ON orders TO orders_service;
