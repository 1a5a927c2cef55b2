-- An account may be closed. Closed, it is a number and a date; nothing of the person is left.
ALTER TABLE accounts
    ALTER email DROP NOT NULL,
    ALTER name DROP NOT NULL,
    ADD standing text NOT NULL DEFAULT 'active',
    ADD refusal  text,
    ADD CONSTRAINT accounts_standing_check CHECK (standing IN ('active', 'closing', 'closed')),
    ADD CONSTRAINT accounts_refusal_check CHECK (char_length(refusal) BETWEEN 1 AND 100),
    ADD CONSTRAINT accounts_refused_check CHECK (refusal IS NULL OR standing = 'active'),
    ADD CONSTRAINT accounts_erasure_check CHECK (num_nonnulls(email, name) = CASE standing WHEN 'closed' THEN 0 ELSE 2 END);

CREATE TABLE feed_head (
    singleton boolean CONSTRAINT feed_head_pkey PRIMARY KEY DEFAULT true,
    position  bigint  NOT NULL,
    CONSTRAINT feed_head_singleton_check CHECK (singleton),
    CONSTRAINT feed_head_position_check CHECK (position >= 0)
);

CREATE TABLE events (
    position      bigint      CONSTRAINT events_pkey PRIMARY KEY,
    user_id       uuid        NOT NULL,
    version       bigint      NOT NULL,
    standing      text        NOT NULL,
    at            timestamptz NOT NULL DEFAULT now(),
    superseded_at timestamptz,
    CONSTRAINT events_user_id_version_key UNIQUE (user_id, version),
    CONSTRAINT events_standing_check CHECK (standing IN ('active', 'closing', 'closed'))
);
CREATE INDEX events_superseded_idx ON events (superseded_at) WHERE superseded_at IS NOT NULL;

CREATE TABLE feed_readers (
    reader   text        CONSTRAINT feed_readers_pkey PRIMARY KEY,
    position bigint      NOT NULL,
    seen_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT feed_readers_reader_check CHECK (char_length(reader) BETWEEN 1 AND 63),
    CONSTRAINT feed_readers_position_check CHECK (position >= 0)
);

-- Whoever registered before there was a feed stands at its beginning.
INSERT INTO events (position, user_id, version, standing, at)
SELECT row_number() OVER (ORDER BY id), id, version, standing, changed_at FROM accounts;
INSERT INTO feed_head (position) SELECT count(*) FROM events;

COMMENT ON COLUMN accounts.email IS 'Lower-case address. Personal data; null once the account is closed.';
COMMENT ON COLUMN accounts.name IS 'As the person writes it. Personal data; null once the account is closed.';
COMMENT ON COLUMN accounts.standing IS 'active; closing, once the person asked for it; closed, once nobody objected.';
COMMENT ON COLUMN accounts.refusal IS 'Why the last request to close the account was refused.';
COMMENT ON TABLE feed_head IS 'One row: the place of the newest fact. Its lock, held until commit, keeps the places gapless and in commit order.';
COMMENT ON COLUMN feed_head.singleton IS 'True, so that there is one row at most.';
COMMENT ON COLUMN feed_head.position IS 'Facts appended so far.';
COMMENT ON TABLE events IS 'The facts that others may read: one for each change of an account, and never anything personal.';
COMMENT ON COLUMN events.position IS 'The fact''s place: from 1, gapless and in commit order. Of old facts only the newest of each account is kept.';
COMMENT ON COLUMN events.user_id IS 'Whose account changed. No foreign key: a fact stays true whatever becomes of the account.';
COMMENT ON COLUMN events.version IS 'The account''s version after the change.';
COMMENT ON COLUMN events.standing IS 'The account''s standing after the change.';
COMMENT ON COLUMN events.at IS 'When the change began, by the database''s clock.';
COMMENT ON COLUMN events.superseded_at IS 'When a newer fact of the same account was appended; null for the newest.';
COMMENT ON TABLE feed_readers IS 'Who reads the feed, as far as they say so: facts that a reader has not passed are kept.';
COMMENT ON COLUMN feed_readers.reader IS 'The name that the reader gave itself.';
COMMENT ON COLUMN feed_readers.position IS 'The last fact that the reader is done with.';
COMMENT ON COLUMN feed_readers.seen_at IS 'When the reader last said so, by the database''s clock.';

GRANT UPDATE (standing, refusal) ON accounts TO users_service;
GRANT SELECT, UPDATE (position) ON feed_head TO users_service;
GRANT SELECT, INSERT, UPDATE (superseded_at), DELETE ON events TO users_service;
GRANT SELECT, INSERT, UPDATE (position, seen_at) ON feed_readers TO users_service;
