import { getOrdersById, getProducts, postAuthSignIn, postOrders } from './generated/orval/souk';
import { GetOrdersByIdResponse, GetProductsResponse, PostOrdersResponse } from './generated/orval/souk.zod';
import { sendTo } from './orval-fetch.ts';
import type { Purchase } from './purchase.ts';

/** With the client of orval, and its schemas in zod for what is answered. */
export const purchase: Purchase = async ({ baseUrl, username, password, name }) => {
  sendTo(baseUrl);
  const signedIn = await postAuthSignIn({ username, password });
  if (signedIn.status !== 200) throw new Error(signedIn.data.code);
  sendTo(baseUrl, signedIn.data.accessToken);
  const found = await getProducts({ q: name, limit: 5 });
  const product = GetProductsResponse.parse(found.data).items.find((item) => item.name === name);
  if (!product) throw new Error(`${name} is not found`);
  const order = (quantity: number) =>
    postOrders({ items: [{ productId: product.id, quantity }] }, { headers: { 'Idempotency-Key': crypto.randomUUID() } });
  const ordered = await order(1);
  if (ordered.status !== 201) throw new Error(ordered.data.code);
  const { id } = PostOrdersResponse.parse(ordered.data);
  const refused = await order(100_000);
  const read = GetOrdersByIdResponse.parse((await getOrdersById(id)).data);
  return { id, state: read.state, total: read.total.amount, refusedWith: refused.status === 409 ? refused.data.code : undefined };
};
