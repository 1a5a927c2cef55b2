-- How long PostgreSQL alone takes for 20,000 pages of orders, of users at random from :first to :last, on data of bench/fill.sql:
-- psql -v first=1 -v last=90000 -f bench/pages.sql
\pset format unaligned
\pset tuples_only on
\timing on
SELECT count(*) FROM (
    SELECT ('01980000-0000-7000-8000-' || lpad(to_hex((:first + floor(random() * (:last - :first + 1)))::bigint), 12, '0'))::uuid AS id
    FROM generate_series(1, 20000)
) AS customer CROSS JOIN LATERAL (
    SELECT * FROM orders.orders AS placed
    CROSS JOIN LATERAL (SELECT * FROM orders.items WHERE order_id = placed.id ORDER BY position OFFSET 0) AS item
    WHERE placed.customer_id = customer.id ORDER BY placed.id LIMIT 51
) AS page \g \g \g
