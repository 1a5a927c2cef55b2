-- The product's tables as one team with one model would make them: one schema, one role, and a foreign key from an order to its
-- customer. Columns, checks and indexes are the product's after its migrations; what serves the feed, the copy of the customers
-- and the idempotency keys is left out.

CREATE TABLE accounts (
    id            uuid        CONSTRAINT accounts_pkey PRIMARY KEY,
    email         text        CONSTRAINT accounts_email_key UNIQUE,
    name          text,
    version       bigint      NOT NULL DEFAULT 1,
    registered_at timestamptz NOT NULL DEFAULT now(),
    changed_at    timestamptz NOT NULL DEFAULT now(),
    standing      text        NOT NULL DEFAULT 'active',
    refusal       text,
    CONSTRAINT accounts_email_check CHECK (octet_length(email) BETWEEN 3 AND 254),
    CONSTRAINT accounts_name_check CHECK (char_length(name) BETWEEN 1 AND 200),
    CONSTRAINT accounts_version_check CHECK (version > 0),
    CONSTRAINT accounts_standing_check CHECK (standing IN ('active', 'closing', 'closed')),
    CONSTRAINT accounts_refusal_check CHECK (char_length(refusal) BETWEEN 1 AND 100),
    CONSTRAINT accounts_refused_check CHECK (refusal IS NULL OR standing = 'active'),
    CONSTRAINT accounts_erasure_check CHECK (num_nonnulls(email, name) = CASE standing WHEN 'closed' THEN 0 ELSE 2 END)
);

CREATE TABLE orders (
    id          uuid        CONSTRAINT orders_pkey PRIMARY KEY,
    customer_id uuid        NOT NULL CONSTRAINT orders_customer_id_fkey REFERENCES accounts,
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
