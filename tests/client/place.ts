// Registers a user and places an order for them, by nothing but what the document says: types and paths are generated from it.
import createClient from "openapi-fetch";

import type { components, paths } from "./generated.js";

type Problem = components["schemas"]["Problem"];

const baseUrl = process.argv[2];
if (!baseUrl) throw new Error("the server's URL is missing");
const server = createClient<paths>({ baseUrl });

// What a call gave, or its problem document as an error.
function given<T>(answer: { data?: T; error?: Problem }): T {
  if (answer.data !== undefined) return answer.data;
  throw new Error(`${answer.error?.type}: ${JSON.stringify(answer.error?.errors ?? answer.error?.detail)}`);
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`not so: ${what}`);
}

const user = given(await server.POST("/users", { body: { email: `client-${Date.now()}@example.com`, name: "Grace Hopper" } }));
check(user.standing === "active", "a new user is active");

const body: components["schemas"]["NewOrder"] = {
  customer_id: user.id,
  currency: "EUR",
  items: [{ sku: "tea-100", quantity: 2, unit_price: 450 }],
};
const headers = { "Idempotency-Key": user.id };
const order = given(await server.POST("/orders", { body, params: { header: headers } }));
check(order.total === 900, "the total is that of the items");

const again = await server.POST("/orders", { body, params: { header: headers } });
check(given(again).id === order.id, "the same key gives the same order");
check(again.response.headers.get("Idempotency-Replayed") === "true", "and says so");

const page = given(await server.GET("/orders", { params: { query: { customer_id: user.id, limit: 1 } } }));
check(page.items[0]?.id === order.id && page.next === null, "the list holds the order and ends");

const refused = await server.POST("/orders", { body: { ...body, items: [] } });
check(refused.error?.type === "/problems/invalid", "an order of nothing is invalid");

// @ts-expect-error: a currency that does not exist is an error before anything is sent.
const nonsense: components["schemas"]["NewOrder"] = { ...body, currency: "EURO" };
check(nonsense.currency.length === 4, "never sent");

console.log(`A generated client placed order ${order.id}.`);
