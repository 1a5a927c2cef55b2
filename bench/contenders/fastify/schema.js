// What each request must look like, and what each answer does.

const uuid = { type: 'string', format: 'uuid' }
const time = { type: 'string', format: 'date-time' }
const text = { type: 'string' }
const textOrNull = { type: ['string', 'null'] }
const amount = { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const limit = { type: 'integer', minimum: 1, maximum: 200, default: 50 }

const object = (properties) => ({ type: 'object', required: Object.keys(properties), properties })

const userBody = object({
  id: text,
  email: textOrNull,
  name: textOrNull,
  standing: text,
  refusal: textOrNull,
  registered_at: time,
  changed_at: time
})

const itemBody = object({
  sku: { type: 'string', pattern: '^[A-Za-z0-9._-]{1,64}$' },
  quantity: { type: 'integer', minimum: 1, maximum: 1_000_000 },
  unit_price: amount
})

const orderBody = object({
  id: text,
  customer_id: text,
  status: text,
  currency: text,
  items: { type: 'array', items: itemBody },
  total: amount,
  placed_at: time,
  changed_at: time
})

const params = object({ id: uuid })

export const user = { params, response: { 200: userBody } }

export const register = {
  body: object({
    email: { type: 'string', format: 'email', maxLength: 254 },
    name: { type: 'string', minLength: 1, maxLength: 200 }
  }),
  response: { 201: userBody }
}

export const order = { params, response: { 200: orderBody } }

export const place = {
  body: object({
    customer_id: uuid,
    currency: { type: 'string', pattern: '^[A-Z]{3}$' },
    items: { type: 'array', minItems: 1, maxItems: 100, items: itemBody }
  }),
  response: { 201: orderBody }
}

export const list = {
  querystring: {
    type: 'object',
    required: ['customer_id'],
    properties: { customer_id: uuid, after: { ...uuid, default: '00000000-0000-0000-0000-000000000000' }, limit }
  },
  response: { 200: object({ items: { type: 'array', items: orderBody }, next: textOrNull }) }
}

export const customer = {
  params,
  querystring: { type: 'object', properties: { limit } },
  response: {
    200: object({ user: userBody, orders: { type: 'array', items: orderBody }, missing: { type: 'array', items: text } })
  }
}
