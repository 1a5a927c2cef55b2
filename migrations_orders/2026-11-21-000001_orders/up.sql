CREATE TABLE orders (
    id          uuid        CONSTRAINT orders_pkey PRIMARY KEY,
    customer_id uuid        NOT NULL,
    status      text        NOT NULL DEFAULT 'placed',
    currency    text        NOT NULL,
    total       bigint      NOT NULL,
    version     bigint      NOT NULL DEFAULT 1,
    placed_at   timestamptz NOT NULL DEFAULT now(),
    changed_at  timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_status_check CHECK (status IN ('placed', 'shipped', 'delivered', 'cancelled')),
    CONSTRAINT orders_currency_check CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT orders_total_check CHECK (total BETWEEN 0 AND 9007199254740991),
    CONSTRAINT orders_version_check CHECK (version > 0)
);
CREATE INDEX orders_customer_id_idx ON orders (customer_id, id);
CREATE INDEX orders_status_idx ON orders (status, id);

CREATE TABLE items (
    order_id   uuid     NOT NULL CONSTRAINT items_order_id_fkey REFERENCES orders ON DELETE CASCADE,
    position   smallint NOT NULL,
    sku        text     NOT NULL,
    quantity   integer  NOT NULL,
    unit_price bigint   NOT NULL,
    CONSTRAINT items_pkey PRIMARY KEY (order_id, position),
    CONSTRAINT items_position_check CHECK (position BETWEEN 1 AND 100),
    CONSTRAINT items_sku_check CHECK (char_length(sku) BETWEEN 1 AND 64),
    CONSTRAINT items_quantity_check CHECK (quantity BETWEEN 1 AND 1000000),
    CONSTRAINT items_unit_price_check CHECK (unit_price BETWEEN 0 AND 9007199254740991)
);

COMMENT ON TABLE orders IS 'What customers ordered.';
COMMENT ON COLUMN orders.id IS 'UUID of version 7, made by the program, so ids grow with time.';
COMMENT ON COLUMN orders.customer_id IS 'Who ordered: an id that another service gave. No foreign key: that data is not ours.';
COMMENT ON COLUMN orders.status IS 'placed, then shipped, then delivered; or placed, then cancelled.';
COMMENT ON COLUMN orders.currency IS 'ISO 4217 code of every amount in the order.';
COMMENT ON COLUMN orders.total IS 'The sum of quantity times unit price, in minor units; at most 2^53 - 1, which every JSON reader holds exactly.';
COMMENT ON COLUMN orders.version IS 'Grows by one with each change; the ETag on the wire.';
COMMENT ON COLUMN orders.placed_at IS 'When the row was inserted, by the database''s clock.';
COMMENT ON COLUMN orders.changed_at IS 'When the row was last changed, by the database''s clock.';
COMMENT ON TABLE items IS 'The lines of an order; never changed once placed.';
COMMENT ON COLUMN items.order_id IS 'The order that the line belongs to.';
COMMENT ON COLUMN items.position IS 'The line''s place in the order, from 1.';
COMMENT ON COLUMN items.sku IS 'Stock keeping unit: what was ordered.';
COMMENT ON COLUMN items.quantity IS 'How many.';
COMMENT ON COLUMN items.unit_price IS 'The price of one, in minor units of the order''s currency.';

GRANT SELECT, INSERT, UPDATE (status, version, changed_at) ON orders TO orders_service;
GRANT SELECT, INSERT ON items TO orders_service;

-- The serving role reads which migrations have run, to refuse a schema of another version.
COMMENT ON TABLE __diesel_schema_migrations IS 'The migrations of this schema that have run. Kept by Diesel.';
COMMENT ON COLUMN __diesel_schema_migrations.version IS 'The digits of the migration''s folder.';
COMMENT ON COLUMN __diesel_schema_migrations.run_on IS 'When it ran, in UTC.';
GRANT SELECT ON __diesel_schema_migrations TO orders_service;
