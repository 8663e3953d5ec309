import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chance, chanceFrom } from './fuzz-values.ts';
import type { Person, Reply } from './people.ts';

/** A call that somebody made, and what came back: nothing, when the reply was lost. */
export interface Made {
  kind: 'order' | 'charge';
  buyer: Person;
  path: string;
  body: object;
  key: string;
  reply: Reply | undefined;
}

/** What the buyers of a round fight for. Each is a product with one variant. */
export interface ForSale {
  plenty: string[];
  /** A handful of units. */
  scarce: string;
}

/** A refusal for ever: what comes with another code (still running, unavailable) says only that the outcome is not known. */
export const isRefusal = ({ reply }: Made): boolean =>
  reply?.status === 409 && ['inventory/out-of-stock', 'wallet/insufficient-funds'].includes(reply.body.code);

export const isDone = ({ reply }: Made): boolean => reply?.status === 201;

/** Buyers who order and charge at random, one thing after the other, until nobody answers any more. */
export async function shopUntilSilence(
  buyers: readonly Person[],
  forSale: ForSale,
  silent: () => boolean,
  seed: number,
  told: (call: Made) => void,
): Promise<Made[]> {
  const made = await Promise.all(
    buyers.map(async (buyer, index) => {
      const chance = chanceFrom(seed + index);
      const done: Made[] = [];
      while (!silent()) {
        const call = somethingFor(buyer, forSale, chance);
        const sent = call.kind === 'order' && chance.below(8) === 0 ? [call, { ...call }] : [call];
        done.push(...sent);
        await Promise.all(sent.map(send));
        sent.forEach(told);
        if (sent.some(({ reply }) => !reply)) await sleep(20);
      }
      return done;
    }),
  );
  return made.flat();
}

/** Makes a call, once more if it was made before; a lost reply leaves it as it is. */
export async function send(call: Made): Promise<Reply | undefined> {
  const reply = await call.buyer.post(call.path, call.body, { 'idempotency-key': call.key }).catch(() => undefined);
  call.reply ??= reply;
  return reply;
}

function somethingFor(buyer: Person, forSale: ForSale, chance: Chance): Made {
  const from = (least: number, beyond: number) => least + chance.below(beyond - least);
  const call = { buyer, key: randomUUID(), reply: undefined };
  const order = (items: { productId: string; quantity: number }[]): Made => ({
    ...call,
    kind: 'order',
    path: '/v1/orders',
    body: { items },
  });
  const some = () => ({ productId: chance.of(forSale.plenty), quantity: from(1, 4) });
  switch (chance.below(10)) {
    case 0:
      return order([some(), { productId: forSale.scarce, quantity: 100_000 }]);
    case 1:
      return order([{ productId: forSale.scarce, quantity: from(1, 4) }]);
    case 2:
      return order([some(), some(), { productId: forSale.scarce, quantity: 1 }]);
    case 3:
      return order([some(), some()]);
    case 4:
      return {
        ...call,
        kind: 'charge',
        path: `/v1/customers/${buyer.username}/wallet/charge`,
        body: { amount: from(1, 60_00), currency: 'USD', source: '4242424242424242' },
      };
    default:
      return order([some()]);
  }
}
