import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Chance, chanceFrom } from './fuzz-values.ts';
import type { Made } from './kill-round.ts';
import type { Person, Reply } from './people.ts';

/** An order that was answered as placed: what may happen to it from then on. */
export interface Bought {
  id: string;
  buyer: Person;
  items: { variantId: string; quantity: number }[];
}

/** A call about an order on its way, or of a seller who wants money, and what came back. */
export interface Driven {
  person: Person;
  path: string;
  body: object;
  key: string;
  reply: Reply | undefined;
}

export const boughtBy = ({ kind, buyer, reply }: Made): Bought[] =>
  kind === 'order' && reply?.status === 201 ? [{ id: reply.body.id, buyer, items: reply.body.items }] : [];

const DRIVERS = 4;
/** The newest are driven, so that several calls meet at one order. */
const AT_HAND = 6;
type Turn = 'cancel' | 'refund' | 'return' | 'return all' | 'decide' | 'pay out' | 'at once' | 'pack own' | 'pack' | 'ship' | 'deliver';
const ANY: readonly Turn[] = [
  'cancel',
  'refund',
  'return',
  'decide',
  'pay out',
  'at once',
  'pack own',
  'pack',
  'pack',
  'ship',
  'deliver',
  'deliver',
];
/** Rarely do steps at random give back a whole shipment before some of it is refunded. */
const THERE_AND_BACK: readonly Turn[] = ['pack', 'ship', 'deliver', 'return all', 'decide'];

/** How many steps a driver tries at one order before it turns to another, so that some orders go all the way. */
const STAYS = 10;

/** Packs, ships, delivers, cancels, returns and refunds orders, and asks for payouts, at random and at once, until nobody answers any more. */
export async function driveUntilSilence(
  { staff, seller }: { staff: Person; seller: Person },
  bought: readonly Bought[],
  silent: () => boolean,
  seed: number,
): Promise<Driven[]> {
  const made = await Promise.all(
    Array.from({ length: DRIVERS }, async (_, index) => {
      const chance = chanceFrom(seed + index);
      const done: Driven[] = [];
      let order: Bought | undefined;
      let ahead: Turn[] = [];
      while (!silent()) {
        if (!order || (ahead.length === 0 && chance.below(STAYS) === 0)) {
          order = bought.at(-1 - chance.below(Math.min(AT_HAND, bought.length)));
          ahead = order && chance.below(4) === 0 ? [...THERE_AND_BACK] : [];
        }
        const calls = order ? await somethingAbout(order, ahead.shift() ?? chance.of(ANY), staff, seller, chance) : [];
        const sent = chance.below(6) === 0 ? calls.flatMap((call) => [call, { ...call }]) : calls;
        done.push(...sent);
        await Promise.all(sent.map(sendDriven));
        if (sent.length === 0 || sent.some(({ reply }) => !reply)) await sleep(20);
      }
      return done;
    }),
  );
  return made.flat();
}

/** Makes a call, once more if it was made before; a lost reply leaves it as it is. */
export async function sendDriven(call: Driven): Promise<Reply | undefined> {
  const reply = await call.person.post(call.path, call.body, { 'idempotency-key': call.key }).catch(() => undefined);
  call.reply ??= reply;
  return reply;
}

async function somethingAbout({ id, buyer, items }: Bought, turn: Turn, staff: Person, seller: Person, chance: Chance): Promise<Driven[]> {
  const call = (person: Person, path: string, body: object = {}): Driven => ({ person, path, body, key: randomUUID(), reply: undefined });
  const about = (person: Person, step: string, body: object = {}) => call(person, `/v1/orders/${id}/${step}`, body);
  const reason = 'It does not bend.';
  const some = () => {
    const { variantId, quantity } = chance.of(items);
    return { items: [{ variantId, quantity: 1 + chance.below(quantity) }], reason };
  };
  switch (turn) {
    case 'cancel':
      return [about(buyer, 'cancel')];
    case 'refund':
      return [about(staff, 'refunds', some())];
    case 'return':
      return [about(buyer, 'returns', some())];
    case 'return all':
      return [about(buyer, 'returns', { items: items.map(({ variantId, quantity }) => ({ variantId, quantity })), reason })];
    case 'decide': {
      const returns = await staff.get(`/v1/orders/${id}/returns`).catch(() => undefined);
      const open = returns?.status === 200 ? returns.body.items : [];
      const verdict = chance.below(4) === 0 ? 'refusal' : 'acceptance';
      return open
        .slice(0, 2)
        .map(({ id: returnId }: { id: string }) => about(staff, `returns/${returnId}/${verdict}`, { reason: 'Seen.' }));
    }
    case 'pay out':
      return [call(seller, '/v1/payouts', { amount: 1 + chance.below(20_00), currency: 'USD' })];
    case 'at once': // the order has one history
      return [about(buyer, 'cancel'), about(staff, 'packed'), about(staff, 'refunds', some())];
    case 'pack own':
      return [about(seller, 'packed')];
    case 'pack':
      return [about(staff, 'packed')];
    case 'ship':
      return [about(staff, 'shipped', { tracking: 'TN-4711', carrier: 'Carthage Couriers' })];
    case 'deliver':
      return [about(staff, 'delivered')];
  }
}

/** Whatever dies, a call about an order is done, refused for its state or its units, or told to ask again. */
export const strangeOf = (calls: readonly Driven[]): string[] =>
  calls.flatMap(({ path, reply }) =>
    reply && ![200, 201, 404, 409, 422, 503].includes(reply.status) ? [`${path}: ${reply.status} ${JSON.stringify(reply.body)}`] : [],
  );
