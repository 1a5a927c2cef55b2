-- Who placed an order, beside it; and who moved it since.
ALTER TABLE orders
    ADD subject    text,
    ADD request_id text,
    ADD CONSTRAINT orders_subject_check CHECK (char_length(subject) BETWEEN 1 AND 255),
    ADD CONSTRAINT orders_request_id_check CHECK (char_length(request_id) BETWEEN 1 AND 64);

CREATE TABLE steps (
    order_id   uuid        NOT NULL CONSTRAINT steps_order_id_fkey REFERENCES orders ON DELETE CASCADE,
    version    bigint      NOT NULL,
    status     text        NOT NULL,
    subject    text,
    request_id text,
    at         timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT steps_pkey PRIMARY KEY (order_id, version),
    CONSTRAINT steps_status_check CHECK (status IN ('shipped', 'delivered', 'cancelled')),
    CONSTRAINT steps_subject_check CHECK (char_length(subject) BETWEEN 1 AND 255),
    CONSTRAINT steps_request_id_check CHECK (char_length(request_id) BETWEEN 1 AND 64)
);

COMMENT ON COLUMN orders.subject IS 'Who placed it: the subject of the token; null when calls were open.';
COMMENT ON COLUMN orders.request_id IS 'The X-Request-Id of the request that placed it.';
COMMENT ON TABLE steps IS 'What became of orders after they were placed, and who moved them. Never changed.';
COMMENT ON COLUMN steps.order_id IS 'The order that moved.';
COMMENT ON COLUMN steps.version IS 'The order''s version after the step.';
COMMENT ON COLUMN steps.status IS 'The order''s status after the step.';
COMMENT ON COLUMN steps.subject IS 'Who asked for it: the subject of the token; null when calls were open, or when the customer left.';
COMMENT ON COLUMN steps.request_id IS 'The X-Request-Id of the request that asked for it; null when the customer left.';
COMMENT ON COLUMN steps.at IS 'When the step was taken, by the database''s clock.';

GRANT SELECT, INSERT ON steps TO orders_service;
