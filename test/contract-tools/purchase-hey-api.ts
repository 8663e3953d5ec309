import { getOrdersById, getProducts, postAuthSignIn, postOrders } from './generated/hey-api';
import { createClient } from './generated/hey-api/client';
import type { Purchase } from './purchase.ts';

/** With the client of hey-api. */
export const purchase: Purchase = async ({ baseUrl, username, password, name }) => {
  const signedIn = await postAuthSignIn({ client: createClient({ baseUrl }), body: { username, password }, throwOnError: true });
  // It is asked for each way to sign in that a call has: a token is no API key, and the server takes one of the two.
  const client = createClient({ baseUrl, auth: ({ scheme }) => (scheme === 'bearer' ? signedIn.data.accessToken : undefined) });
  const found = await getProducts({ client, query: { q: name, limit: 5 }, throwOnError: true });
  const product = found.data.items.find((item) => item.name === name);
  if (!product) throw new Error(`${name} is not found`);
  const order = (quantity: number) =>
    postOrders({ client, headers: { 'Idempotency-Key': crypto.randomUUID() }, body: { items: [{ productId: product.id, quantity }] } });
  const ordered = await order(1);
  if (!ordered.data) throw new Error(ordered.error.code);
  const refused = await order(100_000);
  const read = await getOrdersById({ client, path: { id: ordered.data.id } });
  return { id: ordered.data.id, state: read.data?.state, total: read.data?.total.amount, refusedWith: refused.error?.code };
};
