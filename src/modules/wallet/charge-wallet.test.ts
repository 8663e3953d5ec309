import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import type { PaymentGateway } from '#adapters/payments/port.ts';
import { usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';

let w: World;

beforeAll(async () => {
  w = await world();
});

const charge = (amount: number, source = '4242424242424242') => ({ ...usd(amount), gateway: 'simulated', source });

describe('a charge', () => {
  test('whose gateway did not answer is asked again by the timer, and booked once', async () => {
    const eve = await w.person('eve');
    const key = { 'idempotency-key': randomUUID() };
    const silent = charge(10_00, '4000000000000119');
    expect(await eve.post('/v1/customers/eve/wallet/charge', silent, key)).toBeProblem(503, 'unavailable');
    expect(await eve.balance()).toEqual(usd(0));
    w.clock.advance(60_000);
    await w.step();
    expect(w.adapters.payments.simulated.asked().at(-1)).toMatchObject({ money: usd(10_00), times: 2, outcome: 'succeeded' });
    expect(await eve.balance()).toEqual(usd(10_00));
    expect((await eve.post('/v1/customers/eve/wallet/charge', silent, key)).status).toBe(201);
    expect(await eve.balance()).toEqual(usd(10_00));
    expect(await w.sql("select from wallet.charges where source_sealed is not null and state <> 'pending'")).toEqual([]);
  });

  test('repeated while its gateway is being asked waits for that, and asks nobody; after a failure it asks at once', async () => {
    let letAnswer = () => {};
    const asked: string[] = [];
    const slow: PaymentGateway = {
      ...w.adapters.payments.simulated,
      charge: async ({ key }) => {
        asked.push(key);
        if (asked.length === 1) throw new Error('no answer');
        await new Promise<void>((answer) => {
          letAnswer = answer;
        });
        return { outcome: 'succeeded' };
      },
    };
    const other = await w.sibling({}, { adapters: { payments: { ...w.adapters.payments, simulated: slow as never } } });
    const zoe = await other.person('zoe');
    const key = { 'idempotency-key': randomUUID() };
    const call = () => zoe.post('/v1/customers/zoe/wallet/charge', charge(10_00), key);
    expect(await call()).toBeProblem(503, 'unavailable');

    const first = call();
    await expect.poll(() => asked.length).toBe(2);
    const second = call();
    const looks = async () => (await other.statements(() => w.sql('select pg_sleep(0.06)'))).join();
    await expect.poll(looks).toContain('update wallet.charges as charge');
    letAnswer();
    const replies = await Promise.all([first, second]);

    expect(replies.map(({ status }) => status)).toEqual([201, 201]);
    expect(asked).toHaveLength(2);
    expect(await zoe.balance()).toEqual(usd(10_00));
  });

  test.each(['__proto__', 'constructor', 'toString'])('of a card called %s is one like any other', async (source) => {
    const eve = await w.person('eve');
    const reply = await eve.post('/v1/customers/eve/wallet/charge', charge(1_00, source));
    expect(reply).toMatchObject({ status: 201, body: { amount: 1_00 } });
  });

  test('left behind twice is settled although the first of the two fails', async () => {
    const [dee, dot] = [await w.person('dee'), await w.person('dot')];
    const silent = charge(3_00, '4000000000000119');
    for (const someone of [dee, dot]) await someone.post(`/v1/customers/${someone.username}/wallet/charge`, silent);
    const [broken] = await w.sql<{ sealed: string }>(`select source_sealed as sealed from wallet.charges where owner = '${dee.id}'`);
    await w.sql(`update wallet.charges set source_sealed = 'unreadable' where owner = '${dee.id}'`);
    w.clock.advance(60_000);
    await w.step();
    expect([await dee.balance(), await dot.balance()]).toEqual([usd(0), usd(3_00)]);
    await w.sql('update wallet.charges set source_sealed = $1 where owner = $2', [broken!.sealed, dee.id]);
    w.clock.advance(60_000);
    await w.step();
    expect(await dee.balance()).toEqual(usd(3_00));
  });
});
