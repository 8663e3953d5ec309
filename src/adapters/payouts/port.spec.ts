import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Payouts } from './port.ts';
import { simulatedPayouts } from './simulated.ts';

/** Every bank must do this; `destinations` name what its sandbox does. */
const adapters: { name: string; open: () => Payouts; destinations: { fails: string; says: RegExp; silent: string } }[] = [
  { name: 'simulated', open: simulatedPayouts, destinations: { fails: 'closed-account', says: /closed/, silent: 'lost-answers' } },
];

describe.each(adapters)('payouts by the $name bank', ({ open, destinations: { fails, says, silent } }) => {
  const payout = (destination: string | null = null) => ({
    key: randomUUID(),
    money: { amount: 12_500, currency: 'TND' as const },
    owner: randomUUID(),
    destination,
  });

  test('are sent, or fail with a reason, and a key answers the same for ever', async () => {
    const bank = open();
    const [good, bad] = [payout(), payout(fails)];
    for (let turn = 0; turn < 3; turn++) {
      expect(await bank.send(good)).toEqual({ outcome: 'sent' });
      expect(await bank.send(bad)).toEqual({ outcome: 'failed', reason: expect.stringMatching(says) });
    }
  });

  test('that are not answered are asked again with the same key until they are', async () => {
    const bank = open();
    const lost = payout(silent);
    for (let turn = 0; turn < 3; turn++) await expect(bank.send(lost)).rejects.toThrow();
    expect(await bank.send(lost)).toEqual({ outcome: 'sent' });
  });

  test('under a key that was used for something else are refused', async () => {
    const bank = open();
    const first = payout();
    await bank.send(first);
    for (const change of [
      { money: { amount: 12_501, currency: 'TND' as const } },
      { money: { amount: 12_500, currency: 'USD' as const } },
      { owner: randomUUID() },
      { destination: 'another' },
    ])
      await expect(bank.send({ ...first, ...change })).rejects.toThrow('another payout');
  });
});

test('the simulated bank remembers the newest 10,000 keys', async () => {
  const bank = simulatedPayouts();
  for (let key = 0; key <= 10_000; key++)
    await bank.send({ key: String(key), money: { amount: 1, currency: 'USD' }, owner: 'sue', destination: null });
  expect([bank.asked().length, bank.asked()[0]?.key, bank.asked().at(-1)]).toEqual([
    10_000,
    '1',
    { key: '10000', money: { amount: 1, currency: 'USD' }, owner: 'sue', destination: null, times: 1, outcome: 'sent' },
  ]);
});
