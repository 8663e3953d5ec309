import type { Fixtures } from '#kernel/fixtures.ts';

/** Bob has something to spend. */
export const fixtures: Fixtures = async (demo) => {
  const bob = await demo.as('bob');
  for (const money of [
    { amount: 1_000_00, currency: 'USD' },
    { amount: 500_000, currency: 'TND' },
  ])
    await bob('/v1/customers/bob/wallet/charge', { ...money, gateway: 'simulated', source: '4242424242424242' });
};
