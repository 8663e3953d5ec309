import createClient from 'openapi-fetch';
import type { paths } from './generated/souk.d.ts';
import type { Purchase } from './purchase.ts';

/** With the types of openapi-typescript. */
export const purchase: Purchase = async ({ baseUrl, username, password, name }) => {
  const client = createClient<paths>({ baseUrl, querySerializer: { object: { style: 'form', explode: true } } });
  const signedIn = await client.POST('/v1/auth/sign-in', { body: { username, password } });
  if (signedIn.error) throw new Error(signedIn.error.code);
  client.use({
    onRequest({ request }) {
      request.headers.set('authorization', `Bearer ${signedIn.data.accessToken}`);
      return request;
    },
  });
  const found = await client.GET('/v1/products', { params: { query: { q: name, limit: 5, options: { 'option.color': 'red' } } } });
  const product = found.data?.items.find((item) => item.name === name);
  if (!product) throw new Error(`${name} is not found`);
  const body = { items: [{ productId: product.id, quantity: 1 }] };
  const ordered = await client.POST('/v1/orders', { params: { header: { 'Idempotency-Key': crypto.randomUUID() } }, body });
  if (ordered.error) throw new Error(ordered.error.code);
  const tooMany = { items: [{ productId: product.id, quantity: 100_000 }] };
  const refused = await client.POST('/v1/orders', { params: { header: { 'Idempotency-Key': crypto.randomUUID() } }, body: tooMany });
  const read = await client.GET('/v1/orders/{id}', { params: { path: { id: ordered.data.id } } });
  return { id: ordered.data.id, state: read.data?.state, total: read.data?.total.amount, refusedWith: refused.error?.code };
};
