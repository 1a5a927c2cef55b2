"""Every statement."""

_USER = "id, email, name, standing, refusal, registered_at, changed_at"
_LINE = "o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price"

USER = f"SELECT {_USER} FROM accounts WHERE id = $1"

REGISTER = f"INSERT INTO accounts (id, email, name) VALUES ($1, $2, $3) RETURNING {_USER}"

ORDER = f"""
    SELECT {_LINE} FROM orders o JOIN items i ON i.order_id = o.id
    WHERE o.id = $1 ORDER BY i.position"""

LIST = f"""
    SELECT {_LINE}
    FROM (SELECT * FROM orders WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3) o JOIN items i ON i.order_id = o.id
    ORDER BY o.id, i.position"""

LATEST = f"""
    SELECT {_LINE}
    FROM (SELECT * FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT $2) o JOIN items i ON i.order_id = o.id
    ORDER BY o.id DESC, i.position"""

STANDING = "SELECT standing FROM accounts WHERE id = $1 FOR SHARE"

INSERT_ORDER = """
    INSERT INTO orders (id, customer_id, currency, total) VALUES ($1, $2, $3, $4)
    RETURNING status, placed_at, changed_at"""

INSERT_ITEMS = """
    INSERT INTO items (order_id, position, sku, quantity, unit_price)
    SELECT $1, position, sku, quantity, unit_price
    FROM unnest($2::text[], $3::integer[], $4::bigint[]) WITH ORDINALITY AS line (sku, quantity, unit_price, position)"""
