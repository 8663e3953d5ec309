import { newId } from '#kernel/ids.ts';
import { usd } from './people.ts';
import { announcing } from './uploading.ts';
import type { World } from './world.ts';

/** An object of each kind that a route may own, belonging to somebody else than whoever tries it. */
export interface OwnedObject {
  params: Record<string, string>;
  /** Bodies for operations whose example does not fit this object. */
  bodies?: Record<string, unknown>;
}

export async function objectsOfAnother(w: World): Promise<{ username: string; objects: Record<string, OwnedObject> }> {
  const victim = await w.buyer('victim', { balance: usd(100_00) });
  const admin = await w.admin();
  const lamp = await admin.lists({ name: 'House lamp', price: usd(10_00), stock: 5 });
  const product = await victim.post('/v1/products', { name: 'Her draft', category: 'food', price: usd(1_00), stock: 5 });
  const image = await victim.post(`/v1/products/${product.body.id}/images`, announcing(Buffer.alloc(1)));
  const order = await victim.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }], payment: 'wallet' });
  const review = await victim.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'Hers.' });
  const arrived = await victim.post('/v1/orders', { items: [{ productId: lamp, quantity: 1 }] });
  for (const step of ['packed', 'delivered']) await admin.post(`/v1/orders/${arrived.body.id}/${step}`);
  await victim.post(`/v1/orders/${arrived.body.id}/returns`, { items: [{ productId: lamp, quantity: 1 }], reason: 'Hers.' });
  const returns = await victim.get(`/v1/orders/${arrived.body.id}/returns`);
  await w.ask('wallet', 'collectCash', {
    key: newId(),
    payer: admin.id,
    currency: 'USD',
    share: { payee: victim.id, amount: 1_00, commission: 0 },
  });
  const favorite = await victim.post('/v1/favorites', { productId: lamp });
  const payout = await victim.post('/v1/payouts', usd(1_00));
  const upload = await w.ask<{ id: string }>('media', 'announce', {
    key: newId(),
    ownerId: victim.id,
    purpose: 'product-image',
    subjectId: product.body.id,
    ...{ fileName: 'hers.jpg', contentType: 'image/jpeg', sizeBytes: 1000 },
  });
  if (payout.status !== 201 || order.status !== 201 || product.status !== 201 || review.status !== 201)
    throw new Error('the victim could not make her objects');
  return {
    username: victim.username,
    objects: {
      order: { params: { id: order.body.id } },
      product: { params: { id: product.body.id } },
      'product image': { params: { id: product.body.id, imageId: image.body.id } },
      review: { params: { id: review.body.id } },
      shipment: { params: { id: order.body.id } },
      favorite: { params: { id: favorite.body.id } },
      upload: { params: { id: upload.id } },
      payout: { params: { id: payout.body.id } },
      return: { params: { id: arrived.body.id, returnId: returns.body.items[0].id } },
    },
  };
}
