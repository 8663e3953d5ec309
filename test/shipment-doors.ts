import { type Person, usd } from './people.ts';
import type { World } from './world.ts';

/** How things are made and commanded from outside. What a command answers is of no matter; what becomes of the thing is. */
export interface Door {
  make(): Promise<string>;
  key?: string;
  /** What else a row in that state must say. */
  dress?: (state: string) => string;
  /** What refuses a command in a wrong state. */
  refused: string[];
  commands: Record<string, (id: string) => Promise<unknown>>;
}

/** The doors of shipments and of returns: sue sells, bob buys, and rita is staff. */
export function doorsOfShipments(here: () => { w: World; sue: Person; bob: Person; rita: Person }): Record<string, Door> {
  let hats: string | undefined;
  const orders = async (): Promise<string> => {
    const { sue, bob } = here();
    hats ??= await sue.lists({ name: 'Hat', price: usd(1), stock: 500 });
    return (await bob.post('/v1/orders', { items: [{ productId: hats, quantity: 1 }] })).body.id;
  };
  const orderIdOf =
    (table: string) =>
    async (id: string): Promise<string> =>
      (await here().w.sql<{ order_id: string }>(`select order_id from fulfilment.${table} where id = $1`, [id]))[0]!.order_id;
  const [orderWith, orderWithReturn] = [orderIdOf('shipments'), orderIdOf('returns')];
  const one = async (order: string) => [{ variantId: (await here().bob.get(`/v1/orders/${order}`)).body.items[0].variantId, quantity: 1 }];
  const asksBack = async (order: string) => {
    const { bob } = here();
    const reply = await bob.post(`/v1/orders/${order}/returns`, { items: await one(order), reason: 'Too bright.' });
    return { reply, returnId: (await bob.get(`/v1/orders/${order}/returns`)).body.items.at(-1)?.id as string };
  };
  const steps = (name: string) => async (id: string) => here().rita.post(`/v1/orders/${await orderWith(id)}/${name}`);
  return {
    shipment: {
      make: async () => {
        const order = await orders();
        await here().w.step();
        return (await here().bob.get(`/v1/orders/${order}`)).body.shipments[0].id;
      },
      dress: (state) =>
        ['delivered', 'completed', 'returned'].includes(state) ? ', delivered_at = now(), complete_at = now(), delivered_version = 1' : '',
      refused: ['fulfilment/wrong-state', 'fulfilment/not-returnable', 'fulfilment/too-many-units'],
      commands: {
        pack: steps('packed'),
        ship: steps('shipped'),
        deliver: steps('delivered'),
        cancel: async (id) => here().bob.post(`/v1/orders/${await orderWith(id)}/cancel`),
        return: async (id) => {
          const order = await orderWith(id);
          const { reply, returnId } = await asksBack(order);
          return returnId ? here().rita.post(`/v1/orders/${order}/returns/${returnId}/acceptance`) : reply;
        },
        refund: async (id) => {
          const order = await orderWith(id);
          return here().rita.post(`/v1/orders/${order}/refunds`, { items: await one(order), reason: 'Lost.' });
        },
      },
    },
    return: {
      make: async () => {
        const order = await orders();
        for (const step of ['packed', 'delivered']) await here().rita.post(`/v1/orders/${order}/${step}`);
        return (await asksBack(order)).returnId;
      },
      dress: (state) => (state === 'requested' ? '' : ', decided_at = now()'),
      refused: ['fulfilment/wrong-state'],
      commands: {
        accept: async (id) => here().rita.post(`/v1/orders/${await orderWithReturn(id)}/returns/${id}/acceptance`),
        refuse: async (id) => here().rita.post(`/v1/orders/${await orderWithReturn(id)}/returns/${id}/refusal`, { reason: 'Scratched.' }),
      },
    },
  };
}
