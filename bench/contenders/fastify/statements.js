// Every statement, under a name by which each connection prepares it once.

const USER = 'id, email, name, standing, refusal, registered_at, changed_at'
const LINE = 'o.id, o.customer_id, o.status, o.currency, o.total, o.placed_at, o.changed_at, i.sku, i.quantity, i.unit_price'

const prepared = (name, text) => (values) => ({ name, text, values })

export const user = prepared('user', `SELECT ${USER} FROM accounts WHERE id = $1`)

export const register = prepared('register', `INSERT INTO accounts (id, email, name) VALUES ($1, $2, $3) RETURNING ${USER}`)

export const order = prepared('order', `
  SELECT ${LINE} FROM orders o JOIN items i ON i.order_id = o.id
  WHERE o.id = $1 ORDER BY i.position`)

export const list = prepared('list', `
  SELECT ${LINE}
  FROM (SELECT * FROM orders WHERE customer_id = $1 AND id > $2 ORDER BY id LIMIT $3) o JOIN items i ON i.order_id = o.id
  ORDER BY o.id, i.position`)

export const latest = prepared('latest', `
  SELECT ${LINE}
  FROM (SELECT * FROM orders WHERE customer_id = $1 ORDER BY id DESC LIMIT $2) o JOIN items i ON i.order_id = o.id
  ORDER BY o.id DESC, i.position`)

export const standing = prepared('standing', 'SELECT standing FROM accounts WHERE id = $1 FOR SHARE')

export const insertOrder = prepared('insert-order', `
  INSERT INTO orders (id, customer_id, currency, total) VALUES ($1, $2, $3, $4)
  RETURNING status, placed_at, changed_at`)

export const insertItems = prepared('insert-items', `
  INSERT INTO items (order_id, position, sku, quantity, unit_price)
  SELECT $1, position, sku, quantity, unit_price
  FROM unnest($2::text[], $3::integer[], $4::bigint[]) WITH ORDINALITY AS line (sku, quantity, unit_price, position)`)
