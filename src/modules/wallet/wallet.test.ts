import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { tnd, usd } from '../../../test/people.ts';
import { type World, world } from '../../../test/world.ts';
import { payBack } from './pay-back.ts';

const CARD = '4242424242424242';
let w: World;

beforeAll(async () => {
  w = await world();
});

const charge = (amount: unknown, more: object = {}) => ({ amount, currency: 'USD', gateway: 'simulated', source: CARD, ...more });

const gatewayWasAsked = (key: string) => w.adapters.payments.simulated.asked().find((asked) => asked.key === key);
const paidBack = () => w.adapters.payments.simulated.asked().filter(({ kind }) => kind === 'pay-back');
const auditOf = async (operation: string) =>
  (await (await w.admin()).get(`/v1/audit?operation=${operation}&limit=1`)).body.items[0] as { outcome: string; status: number };

describe('charging', () => {
  test('puts money into the wallet, per currency, with the decimals of the currency', async () => {
    const bob = await w.person('bob');
    const charged = (await bob.charge(usd(50_00))).body;
    expect(charged).toMatchObject({ state: 'succeeded', amount: 50_00, currency: 'USD' });
    expect(gatewayWasAsked(charged.id)).toEqual({ kind: 'charge', key: charged.id, money: usd(50_00), times: 1, outcome: 'succeeded' });
    expect(await auditOf('postCustomersByUsernameWalletCharge')).toMatchObject({ outcome: 'done', status: 200 });
    await bob.charge(tnd(12_345));
    expect((await bob.get('/v1/customers/bob/wallet')).body).toEqual({
      balances: [
        { currency: 'TND', available: 12_345, held: 0 },
        { currency: 'USD', available: 50_00, held: 0 },
      ],
    });
  });

  test('answers a repeated key as the first time, and refuses it with another body', async () => {
    const ann = await w.person('ann');
    const key = { 'idempotency-key': randomUUID() };
    const first = await ann.post('/v1/customers/ann/wallet/charge', charge(10_00), key);
    const again = await ann.post('/v1/customers/ann/wallet/charge', charge(10_00), key);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(await ann.post('/v1/customers/ann/wallet/charge', charge(99_00), key)).toBeProblem(422, 'idempotency-key-reused');
    expect(await ann.balance()).toEqual(usd(10_00));
  });

  test('twenty at once under one key charge once, and answer alike', async () => {
    const cleo = await w.person('cleo');
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 20 }, () => cleo.post('/v1/customers/cleo/wallet/charge', charge(7_00), key)));
    expect(new Set(replies.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect(w.adapters.payments.simulated.asked().filter(({ money }) => money.amount === 7_00)).toHaveLength(1);
    expect(await cleo.balance()).toEqual(usd(7_00));
  });

  test('that the gateway declines changes nothing, and stays declined under its key', async () => {
    const dan = await w.person('dan');
    const key = { 'idempotency-key': randomUUID() };
    const declined = charge(10_00, { source: '4000 0000 0000 0002' });
    const refused = await dan.post('/v1/customers/dan/wallet/charge', declined, key);
    const again = await dan.post('/v1/customers/DAN/wallet/charge', declined, key);
    for (const reply of [refused, again]) expect(reply).toBeProblem(402, 'wallet/charge-declined');
    expect([refused, again].map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true']);
    expect(again.body.detail).toContain('send a new key to try again');
    expect(await auditOf('postCustomersByUsernameWalletCharge')).toMatchObject({ outcome: 'refused', status: 402 });
    expect(await dan.balance()).toEqual(usd(0));
  });

  test('needs a gateway that there is, and a key', async () => {
    const fay = await w.person('fay');
    expect(await fay.post('/v1/customers/fay/wallet/charge', charge(1_00, { gateway: 'toString' }))).toBeProblem(
      409,
      'wallet/unknown-gateway',
    );
    expect(await w.post('/v1/customers/fay/wallet/charge', charge(1_00), { authorization: `Bearer ${fay.token}` })).toBeProblem(
      400,
      'idempotency-key-missing',
    );
  });

  test.each([[0], [-5], [1.5], [2 ** 53], [1e30], ['12'], [null], [true], [[]], [{}]])(
    'of %j is refused and changes nothing',
    async (amount) => {
      const gil = await w.person('gil');
      expect(await gil.post('/v1/customers/gil/wallet/charge', charge(amount))).toBeProblem(422, 'invalid');
      expect(await gil.post('/v1/customers/gil/wallet/deduct', { amount, currency: 'USD' })).toBeProblem(422, 'invalid');
      expect(await gil.balance()).toEqual(usd(0));
    },
  );
});

describe('amounts without an upper end', () => {
  const LARGEST = 1_000_000_000_000;

  test('are refused before a gateway hears of them: by the largest amount, and by the largest balance with what is under way', async () => {
    const rich = await w.person('rich');
    const path = '/v1/customers/rich/wallet/charge';
    expect(await rich.post(path, charge(Number.MAX_SAFE_INTEGER))).toBeProblem(409, 'wallet/amount-too-large');
    expect(await rich.post(path, charge(LARGEST + 1))).toBeProblem(409, 'wallet/amount-too-large');
    expect(await rich.post('/v1/customers/rich/wallet/deduct', usd(LARGEST + 1))).toBeProblem(409, 'wallet/amount-too-large');
    for (let part = 1; part <= 99; part++) expect((await rich.post(path, charge(LARGEST))).status).toBe(201);
    const silent = charge(LARGEST, { source: '4000000000000119' });
    expect(await rich.post(path, silent)).toBeProblem(503, 'unavailable');
    const refused = await rich.post(path, charge(1));
    expect(refused).toBeProblem(409, 'wallet/balance-too-large');
    expect(refused.body).toMatchObject({ largest: 100 * LARGEST, currency: 'USD' });
    expect(await w.sql(`select from wallet.charges where owner = '${rich.id}'`)).toHaveLength(100);
    expect((await rich.get('/v1/customers/rich/wallet')).body.balances).toEqual([{ currency: 'USD', available: 99 * LARGEST, held: 0 }]);
    w.clock.advance(60_000);
    await w.step();
    expect(await rich.balance()).toEqual(usd(100 * LARGEST));
  });

  test('have a setting per currency', async () => {
    const strict = await w.sibling({ LARGEST_AMOUNT: '5000,TND:700', LARGEST_BALANCE: '6000' });
    const tim = await strict.person('tim');
    expect((await tim.charge(usd(5000))).status).toBe(201);
    expect(await tim.charge(usd(5001))).toBeProblem(409, 'wallet/amount-too-large');
    expect(await tim.charge(usd(1001))).toBeProblem(409, 'wallet/balance-too-large');
    expect(await tim.charge(tnd(701))).toBeProblem(409, 'wallet/amount-too-large');
    expect((await tim.charge(tnd(700))).status).toBe(201);
    for (const LARGEST_AMOUNT of ['0', '10000000000001', 'ABC:5', '1.5', 'USD'])
      await expect(w.sibling({ LARGEST_AMOUNT })).rejects.toThrow(/LARGEST_AMOUNT/);
  });

  test('are refused as payments and holds too; a refund never takes a balance beyond what JSON can write', async () => {
    const uma = await w.buyer('uma', { balance: usd(10_00) });
    const [payee, key] = [randomUUID(), randomUUID()];
    const share = (amount: number) => ({ payee, amount, commission: 0 });
    const pay = (shares: object[], id = randomUUID()) => w.ask('wallet', 'pay', { key: id, payer: uma.id, currency: 'USD', shares });
    await expect(pay([share(LARGEST), share(1)])).rejects.toMatchObject({ code: 'wallet/amount-too-large' });
    const hold = { key: randomUUID(), owner: uma.id, currency: 'USD', amount: LARGEST + 1, reason: 'x', expiresAt: null };
    await expect(w.ask('wallet', 'hold', hold)).rejects.toMatchObject({ code: 'wallet/amount-too-large' });
    await pay([share(10_00)], key);
    await w.sql(`set session_replication_role = replica;
      update wallet.accounts set balance = 9007199254740991 where owner = '${uma.id}' and purpose = 'available'; set session_replication_role = default`);
    await expect(w.ask('wallet', 'refund', { key: randomUUID(), paymentKey: key, payee, amount: 1 })).rejects.toMatchObject({
      code: 'wallet/balance-too-large',
    });
    const proof = await (await w.admin()).get('/v1/ledger/proof');
    expect([proof.status, proof.body.ok]).toEqual([200, false]);
    await w.sql(`set session_replication_role = replica;
      update wallet.accounts set balance = 0 where owner = '${uma.id}' and purpose = 'available'; set session_replication_role = default`);
  });

  test('leave the proof an answer, even where accounts of everybody sum up to more than a bigint', async () => {
    const vast = await world();
    await vast.buyer('vera', { balance: usd(1) });
    await vast.sql(`set session_replication_role = replica;
      insert into wallet.transfers (journal_id, line, debit_account, credit_account, currency, amount, kind, at)
      select journal_id, line + n, debit_account, credit_account, currency, 9000000000000000000, kind, at
      from wallet.transfers, generate_series(1, 3) as n; set session_replication_role = default`);
    const { status, body } = await (await vast.admin()).get('/v1/ledger/proof');
    expect([status, body.ok]).toEqual([200, false]);
  });
});

describe('deducting', () => {
  test("one's own money leaves the wallet and reaches the gateway, once, under the deduction's id; more than there is, does not", async () => {
    const hal = await w.buyer('hal', { balance: usd(30_00) });
    const taken = await hal.post('/v1/customers/hal/wallet/deduct', usd(10_00));
    expect(taken.body).toMatchObject({ kind: 'withdrawal', amount: 10_00 });
    expect((await hal.get('/v1/customers/hal/wallet/transfers')).body.items[0]).toMatchObject({
      amount: -10_00,
      cause: { kind: 'deduct' },
    });
    expect(await hal.post('/v1/customers/hal/wallet/deduct', usd(20_01))).toBeProblem(409, 'wallet/insufficient-funds');
    expect(await hal.balance()).toEqual(usd(20_00));
    expect(gatewayWasAsked(taken.body.id)).toBeUndefined(); // after the commit, never before
    await w.step();
    expect(gatewayWasAsked(taken.body.id)).toEqual({
      kind: 'pay-back',
      key: taken.body.id,
      money: usd(10_00),
      times: 1,
      outcome: 'succeeded',
    });
    expect(paidBack().filter(({ money }) => money.amount === 20_01)).toEqual([]);
    const again = { deductionId: taken.body.id, gateway: 'simulated', ...usd(10_00) };
    await payBack({ payments: w.adapters.payments } as never, again as never); // a job runs at least once
    expect(paidBack().filter(({ key }) => key === taken.body.id)).toMatchObject([{ times: 2 }]);
  });

  test('twenty at once of a balance that covers ten: ten leave', async () => {
    const ida = await w.buyer('ida', { balance: usd(10_00) });
    const replies = await Promise.all(Array.from({ length: 20 }, () => ida.post('/v1/customers/ida/wallet/deduct', usd(1_00))));
    expect(replies.filter(({ status }) => status === 201)).toHaveLength(10);
    for (const reply of replies.filter(({ status }) => status !== 201)) expect(reply).toBeProblem(409, 'wallet/insufficient-funds');
    expect(await ida.balance()).toEqual(usd(0));
  });

  test('under one key at once takes once', async () => {
    const jon = await w.buyer('jon', { balance: usd(10_00) });
    const key = { 'idempotency-key': randomUUID() };
    const replies = await Promise.all(Array.from({ length: 8 }, () => jon.post('/v1/customers/jon/wallet/deduct', usd(1_00), key)));
    expect(new Set(replies.map(({ body }) => body.id)).size).toBe(1);
    expect(await jon.balance()).toEqual(usd(9_00));
    expect(await jon.post('/v1/customers/jon/wallet/deduct', usd(2_00), key)).toBeProblem(422, 'idempotency-key-reused');
  });

  test("somebody else's is for staff, with a reason that the statement can tell", async () => {
    const kim = await w.buyer('kim', { balance: usd(10_00) });
    const lee = await w.person('lee');
    const finance = await w.person('fred', ['finance']);
    expect(await lee.post('/v1/customers/kim/wallet/deduct', { ...usd(1_00), reason: 'mine now' })).toBeProblem(404, 'not-found');
    expect(await lee.post('/v1/customers/kim/wallet/charge', charge(1_00))).toBeProblem(404, 'not-found');
    expect(await lee.get('/v1/customers/kim/wallet')).toBeProblem(404, 'not-found');
    expect(await lee.get('/v1/customers/kim/wallet/transfers')).toBeProblem(404, 'not-found');
    expect(await finance.post('/v1/customers/kim/wallet/deduct', usd(1_00))).toBeProblem(409, 'wallet/reason-needed');
    const corrected = await finance.post('/v1/customers/kim/wallet/deduct', { ...usd(1_00), reason: 'charged twice' });
    expect(corrected.body).toMatchObject({ kind: 'correction' });
    expect((await kim.get('/v1/customers/kim/wallet/transfers')).body.items[0]).toMatchObject({
      amount: -1_00,
      cause: { kind: 'correction' },
    });
    expect(await finance.post('/v1/customers/nobody-here/wallet/deduct', { ...usd(1_00), reason: 'x' })).toBeProblem(404, 'not-found');
    expect(await kim.balance()).toEqual(usd(9_00));
    await w.step();
    expect(paidBack().filter(({ key }) => key === corrected.body.id)).toEqual([]); // no card is credited
  });
});

describe('the statement', () => {
  test('lists every movement once over its pages, newest first', async () => {
    const mia = await w.buyer('mia', { balance: usd(1_00) });
    for (let i = 2; i <= 7; i++) await mia.charge(usd(i * 100));
    const seen: number[] = [];
    let path: string | undefined = '/v1/customers/mia/wallet/transfers?limit=3';
    while (path) {
      const { body, headers } = await mia.get(path);
      seen.push(...body.items.map((item: { amount: number }) => item.amount));
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual([700, 600, 500, 400, 300, 200, 100]);
    const { nextCursor } = (await mia.get('/v1/customers/mia/wallet/transfers?limit=3')).body;
    expect(await mia.get(`/v1/customers/mia/wallet/transfers?cursor=${nextCursor.replace(/^./, 'Z')}`)).toBeProblem(400, 'malformed');
    const noah = await w.person('noah');
    expect(await noah.get(`/v1/customers/noah/wallet/transfers?cursor=${nextCursor}`)).toBeProblem(400, 'malformed');
  });

  test('leads to the journal behind it, for staff', async () => {
    const ola = await w.buyer('ola', { balance: usd(1_00) });
    const { body } = await ola.get('/v1/customers/ola/wallet/transfers');
    const path = `/v1/ledger/journals/${body.items[0].journalId}`;
    expect(await ola.get(path)).toBeProblem(403, 'forbidden');
    expect((await (await w.admin()).get(path)).body).toMatchObject({
      cause: { kind: 'charge' },
      transfers: [
        {
          debit: { owner: 'simulated', purpose: 'external' },
          credit: { owner: ola.id, purpose: 'available' },
          amount: 100,
          currency: 'USD',
        },
      ],
    });
    expect(await (await w.admin()).get(`/v1/ledger/journals/${randomUUID()}`)).toBeProblem(404, 'not-found');
  });
});

test('reading a wallet takes one statement, a charge four in two commits: once its row is committed, it asks whether the owner is leaving', async () => {
  const pat = await w.person('pat');
  expect(await w.statements(() => pat.get('/v1/customers/pat/wallet'))).toHaveLength(1);
  expect((await w.statements(() => pat.charge(usd(1_00)))).length).toBeLessThanOrEqual(4);
});
