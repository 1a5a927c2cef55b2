-- Who changed an account, beside the fact of it.
ALTER TABLE events
    ADD subject    text,
    ADD request_id text,
    ADD CONSTRAINT events_subject_check CHECK (char_length(subject) BETWEEN 1 AND 255),
    ADD CONSTRAINT events_request_id_check CHECK (char_length(request_id) BETWEEN 1 AND 64);

COMMENT ON COLUMN events.subject IS 'Who asked for the change: the subject of the token; null when calls were open or nobody asked. Never on the wire.';
COMMENT ON COLUMN events.request_id IS 'The X-Request-Id of the request that asked for it; null when nobody asked. Never on the wire.';
