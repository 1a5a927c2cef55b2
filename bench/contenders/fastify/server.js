// `fastify`: Fastify and pg's Pool in two processes, with named prepared statements and a schema for each body, so that requests
// are checked and answers written by generated code.

import cluster from 'node:cluster'
import Fastify from 'fastify'
import pg from 'pg'
import { v7 as uuidv7 } from 'uuid'
import * as schema from './schema.js'
import * as statements from './statements.js'

const WORKERS = 2

if (cluster.isPrimary) {
  const workers = Array.from({ length: WORKERS }, () => cluster.fork())
  process.on('SIGTERM', () => workers.forEach((worker) => worker.kill()))
} else {
  await serve()
}

async function serve () {
  // Amounts are below 2^53, so a number holds them.
  pg.types.setTypeParser(pg.types.builtins.INT8, Number)
  const pool = new pg.Pool({
    connectionString: process.env.DATABASE_URL,
    max: Math.max(1, Math.floor(Number(process.env.POOL ?? 16) / WORKERS))
  })
  const app = Fastify({ forceCloseConnections: true })

  app.get('/users/:id', { schema: schema.user }, async (request) => findUser(pool, request.params.id))

  app.post('/users', { schema: schema.register }, async (request, reply) => {
    const email = request.body.email.trim().toLowerCase()
    const name = request.body.name.trim()
    if (name === '') throw refusal(422, 'name must not be empty')
    const { rows: [user] } = await pool.query(statements.register([uuidv7(), email, name]))
      .catch((error) => { throw error.code === UNIQUE_VIOLATION ? refusal(409, 'the address belongs to another account') : error })
    return reply.code(201).header('location', `/users/${user.id}`).send(user)
  })

  app.get('/orders/:id', { schema: schema.order }, async (request) => {
    const { rows } = await pool.query(statements.order([request.params.id]))
    if (rows.length === 0) throw refusal(404, 'there is no such order')
    return toOrders(rows)[0]
  })

  app.post('/orders', { schema: schema.place }, async (request, reply) => {
    const { customer_id, currency, items } = request.body
    const total = items.reduce((sum, item) => sum + item.quantity * item.unit_price, 0)
    if (!Number.isSafeInteger(total)) throw refusal(422, 'the total is too large')
    const order = await place(pool, { id: uuidv7(), customer_id, currency, items, total })
    return reply.code(201).header('location', `/orders/${order.id}`).send(order)
  })

  app.get('/orders', { schema: schema.list }, async (request) => {
    const { customer_id, after, limit } = request.query
    const { rows } = await pool.query(statements.list([customer_id, after, limit + 1]))
    const orders = toOrders(rows)
    const items = orders.slice(0, limit)
    return { items, next: orders.length > limit ? items.at(-1).id : null }
  })

  app.get('/customers/:id', { schema: schema.customer }, async (request) => {
    const { id } = request.params
    const [user, { rows }] = await Promise.all([
      findUser(pool, id),
      pool.query(statements.latest([id, request.query.limit]))
    ])
    return { user, orders: toOrders(rows), missing: [] }
  })

  process.on('SIGTERM', async () => {
    await app.close()
    await pool.end()
    process.exit()
  })
  await app.listen({ host: '127.0.0.1', port: Number(process.env.PORT) })
}

const UNIQUE_VIOLATION = '23505'

async function findUser (pool, id) {
  const { rows: [user] } = await pool.query(statements.user([id]))
  if (!user) throw refusal(404, 'there is no such user')
  return user
}

async function place (pool, order) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    const { rows: [customer] } = await client.query(statements.standing([order.customer_id]))
    if (!customer) throw refusal(422, 'there is no such customer')
    if (customer.standing !== 'active') throw refusal(409, "the customer's account is not active")
    const { rows: [placed] } = await client.query(
      statements.insertOrder([order.id, order.customer_id, order.currency, order.total]))
    await client.query(statements.insertItems([
      order.id,
      order.items.map((item) => item.sku),
      order.items.map((item) => item.quantity),
      order.items.map((item) => item.unit_price)
    ]))
    await client.query('COMMIT')
    return { ...order, ...placed }
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  } finally {
    client.release()
  }
}

// Puts the lines of a join together. Those of one order follow each other.
function toOrders (rows) {
  const orders = []
  for (const { sku, quantity, unit_price, ...order } of rows) {
    const item = { sku, quantity, unit_price }
    if (orders.at(-1)?.id === order.id) orders.at(-1).items.push(item)
    else orders.push({ ...order, items: [item] })
  }
  return orders
}

function refusal (statusCode, message) {
  return Object.assign(new Error(message), { statusCode })
}
