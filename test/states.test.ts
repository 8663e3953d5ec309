import { beforeAll, describe, expect, test } from 'vitest';
import { newId } from '../src/kernel/ids.ts';
import { listOf, machine, type States, waysOf } from '../src/kernel/machine.ts';
import { modules } from '../src/modules/index.ts';
import { PASSWORD, type Person, usd } from './people.ts';
import { draftOf } from './sample-products.ts';
import { type Door, doorsOfShipments } from './shipment-doors.ts';
import { review, waiting } from './waiting.ts';
import { type World, world } from './world.ts';

const machines = modules.flatMap((module) => module.machines.map((declared) => ({ ...declared, module })));
const byName = machines.map((declared) => [declared.name, declared] as const);

let w: World;
let sue: Person;
let bob: Person;
let staff: Person;
let rita: Person;

beforeAll(async () => {
  w = await world();
  sue = await w.seller('sue');
  bob = await w.buyer('bob', { balance: usd(90_00) });
  staff = await w.person('mona', ['catalog-manager', 'moderator']);
  rita = await w.admin();
});

const stateOf = async ({ table }: States, key: string, id: string) =>
  (await w.sql<{ state: string }>(`select state from ${table} where ${key} = $1`, [id]))[0]?.state;

/** Whether the triggers of the table let a row of it go from one state to the other (null: be deleted). Its other rules do not matter here. */
async function waysThatTheDatabaseAllows({ name, table, states }: States): Promise<string[]> {
  const probe = `public.probe_of_${name}`;
  const triggers = await w.sql<{ sql: string }>(
    `select replace(pg_get_triggerdef(oid), ' ON ${table} ', ' ON ${probe} ') as sql from pg_trigger
     where tgrelid = '${table}'::regclass and tgname in ('states', 'states_end') and tgenabled = 'O'`,
  );
  await w.sql([`create table ${probe} as select * from ${table} limit 0`, ...triggers.map(({ sql }) => sql)].join(';'));
  const found: string[] = [];
  for (const from of states) {
    for (const to of [...states.filter((state) => state !== from), null]) {
      await w.sql(`truncate ${probe}; insert into ${probe} (state) values ('${from}')`);
      const change = to === null ? `delete from ${probe}` : `update ${probe} set state = '${to}'`;
      await w.sql(change).then(
        () => found.push(`${from}>${to ?? ''}`),
        (error) => expect(error).toMatchObject({ constraint: to === null ? 'states_end' : 'states' }),
      );
    }
  }
  return found;
}

describe('the database', () => {
  test.each(byName)('knows the states of a %s, and no others', async (_, { table, states }) => {
    const checks = await w.sql<{ definition: string }>(
      `select pg_get_constraintdef(c.oid) as definition from pg_constraint as c
       join pg_attribute as a on a.attrelid = c.conrelid and c.conkey = array[a.attnum] and a.attname = 'state'
       where c.conrelid = '${table}'::regclass and c.contype = 'c'`,
    );
    expect(checks).toHaveLength(1);
    expect([...checks[0]!.definition.matchAll(/'(\w+)'/g)].map(([, state]) => state).sort()).toEqual([...states].sort());
  });

  test.each(byName)('lets a %s go where its machine says, and nowhere else', async (_, declared) => {
    const ways = waysOf(declared);
    const endsItself = ways.some((way) => way.endsWith('>')); // where no machine deletes a row, other rules say who may
    const allowed = await waysThatTheDatabaseAllows(declared);
    expect(allowed.filter((way) => endsItself || !way.endsWith('>')).sort()).toEqual(ways.sort());
  });

  test('has no table with states without a machine', async () => {
    const tables = await w.sql<{ name: string }>(
      `select table_schema || '.' || table_name as name from information_schema.columns
       where column_name = 'state' and table_schema = any($1)`,
      [modules.map(({ name }) => name)],
    );
    expect(tables.map(({ name }) => name).sort()).toEqual(machines.map(({ table }) => table).sort());
  });
});

test('every timer of a machine is one of its module', () => {
  const named = machines.flatMap(({ transitions, module }) =>
    transitions.flatMap(({ timer }) => (timer ? [[timer.name, module.timers.map(({ name }) => name)] as const] : [])),
  );
  expect(named.length).toBeGreaterThan(0);
  for (const [name, timers] of named) expect(timers).toContain(name);
});

const ask = (module: string, operation: string, input: object) => w.ask(module, operation, input).catch((error) => ({ body: error }));
const resolve = (decision: string) => async (id: string) => {
  const [item] = await w.sql('select subject_kind as kind, subject_id as id from moderation.items where id = $1', [id]);
  return ask('moderation', 'resolve', { subject: item, decision, reason: null, by: newId() });
};
const decide = (decision: string) => (id: string) => staff.post(`/v1/moderation/${id}/decision`, { decision, reason: 'Rude.' });
const moderate = (action: string) => (id: string) => staff.post(`/v1/reviews/${id}/moderation`, { action, reason: 'Rude.' });

let people = 0;
const suspension = (suspended: boolean) => (id: string) => rita.post(`/v1/users/${id}/suspension`, { suspended, reason: 'Rude.' });

const DOORS: Record<string, Door> = {
  account: {
    make: async () => {
      const username = `ann_${++people}`;
      const body = { email: `${username}@example.com`, username, password: PASSWORD, fullName: 'Ann' };
      const { id } = (await w.post('/v1/auth/sign-up', body)).body.user;
      await w.step();
      return id;
    },
    dress: (state) =>
      state === 'erased' ? ', username = null, password_hash = null, email_sealed = null, email_index = null, details_sealed = null' : '',
    refused: ['identity/wrong-code', 'not-found'],
    commands: {
      confirm: () => {
        const email = `ann_${people}@example.com`;
        return w.post('/v1/auth/confirm-sign-up', { email, code: w.mail(email)?.text.match(/^\d{6}/)?.[0] });
      },
      suspend: suspension(true),
      reinstate: suspension(false),
    },
  },
  product: {
    make: () => draftOf(sue),
    refused: ['catalog/wrong-state', 'not-found'], // an archived one is not there
    commands: {
      submit: (id) => sue.post(`/v1/products/${id}/submit`),
      approve: (id) => staff.post(`/v1/products/${id}/approve`),
      reject: (id) => staff.post(`/v1/products/${id}/reject`, { reason: 'Too short.' }),
      archive: (id) => sue.delete(`/v1/products/${id}`),
    },
  },
  review: {
    make: async () => {
      const lamp = await (await w.admin()).lists({ price: usd(5_00) });
      return (await bob.post(`/v1/products/${lamp}/reviews`, { rating: 5, comment: 'It bends.' })).body.id;
    },
    refused: ['reviews/wrong-state'],
    commands: {
      change: (id) => bob.patch(`/v1/reviews/${id}`, { rating: 4 }),
      hold: (id) => bob.patch(`/v1/reviews/${id}`, { comment: 'See https://shop.example.com' }),
      approve: moderate('approve'),
      flag: moderate('flag'),
      remove: moderate('remove'),
    },
  },
  item: {
    make: async () => (await waiting(w, review())).id,
    dress: (state) => (state === 'decided' ? ", decision = 'approve', decided_by = id, decided_at = now()" : ''),
    refused: ['moderation/already-decided'],
    commands: { approve: decide('approve'), remove: decide('remove'), flag: resolve('flag'), 'approve by its owner': resolve('approve') },
  },
  ...doorsOfShipments(() => ({ w, sue, bob, rita })),
  webhook: {
    make: async () => (await rita.post('/v1/webhooks', { url: 'http://127.0.0.1:9/', events: ['orders.order-placed'] })).body.id,
    refused: ['integrations/wrong-state', 'not-found'], // a deleted one is not there
    commands: {
      pause: (id) => rita.post(`/v1/webhooks/${id}/pause`),
      resume: (id) => rita.post(`/v1/webhooks/${id}/resume`),
      delete: (id) => rita.delete(`/v1/webhooks/${id}`),
    },
  },
  payment: {
    make: async () => {
      const key = newId();
      const shares = [{ payee: sue.id, amount: 1_00, commission: 0 }];
      await w.ask('wallet', 'pay', { key, payer: bob.id, currency: 'USD', shares });
      return key;
    },
    refused: [],
    commands: { cancel: (key) => ask('wallet', 'cancelPayment', { key }) },
  },
  payout: {
    make: async () => {
      const share = { payee: sue.id, amount: 10_000_01, commission: 0 };
      await w.ask('wallet', 'collectCash', { key: newId(), payer: bob.id, currency: 'USD', share });
      return (await sue.post('/v1/payouts', usd(10_000_01))).body.id;
    },
    dress: (state) => (['sent', 'failed', 'rejected'].includes(state) ? ', ended_at = now()' : ''),
    refused: ['wallet/wrong-state'],
    commands: {
      approve: (id) => rita.post(`/v1/payouts/${id}/approval`, {}),
      reject: (id) => rita.post(`/v1/payouts/${id}/approval`, { approve: false }),
    },
  },
  reservation: {
    key: 'key',
    make: async () => {
      const [key, variantId] = [newId(), newId()];
      await w.ask('inventory', 'open', { variants: [{ variantId, onHand: 5 }] });
      const expiresAt = new Date(w.clock.now().getTime() + 60_000).toISOString();
      await w.ask('inventory', 'reserve', { key, lines: [{ variantId, quantity: 1 }], expiresAt });
      return key;
    },
    refused: [],
    commands: { confirm: (key) => ask('inventory', 'confirm', { key }), release: (key) => ask('inventory', 'release', { key }) },
  },
};

describe('from outside', () => {
  const cases = Object.entries(DOORS).flatMap(([name, door]) => {
    const declared = machines.find((one) => one.name === name)!;
    const commands = Object.keys(door.commands);
    return declared.states.flatMap((from) => commands.map((command) => [name, from, command, declared, door] as const));
  });

  test.each(cases)('%s in state %s follows its machine at %s', async (_, from, command, declared, door) => {
    const { table, transitions } = declared;
    const { key = 'id', dress = () => '' } = door;
    const id = await door.make();
    await w.sql(
      `alter table ${table} disable trigger user; update ${table} set state = '${from}'${dress(from)} where ${key} = '${id}'; alter table ${table} enable trigger user`,
    );
    const reply = (await door.commands[command]!(id)) as { body?: { code?: string; allowed?: string[] } };
    const way = transitions.find((one) => one.command === command.split(' ')[0] && listOf(one.from).includes(from));
    expect(await stateOf(declared, key, id)).toBe(way ? way.to : from);
    if (way) return expect(reply.body?.code).toBeUndefined();
    if (door.refused.length > 0 && reply.body) expect(door.refused).toContain(reply.body.code);
  });

  test('every command that others than Souk give is tried', () => {
    for (const { name, transitions } of machines) {
      const commands = transitions.filter(({ who }) => listOf(who).some((one) => one !== 'system')).map(({ command }) => command);
      expect(Object.keys(DOORS[name]?.commands ?? {}), name).toEqual(expect.arrayContaining(commands));
    }
  });

  test('a refusal names the state, the command, and what may be done instead', async () => {
    const reply = await staff.post(`/v1/products/${await draftOf(sue)}/approve`);
    expect(reply).toBeProblem(409, 'catalog/wrong-state');
    expect(reply.body).toMatchObject({ state: 'draft', command: 'approve', allowed: ['submit', 'archive'] });
    expect(reply.body.detail).toBe('This product is draft, which does not allow approve. It allows submit, archive.');
  });
});

describe('a machine', () => {
  const hat = { name: 'hat', table: 'hats.hats', states: ['new', 'worn', 'lost'], begins: { new: 'shop' } } as const;

  test('that leads one command to two states, or has a state that nothing reaches, is refused where it is declared', () => {
    const wear = { from: ['new', 'worn'], command: 'wear', to: 'worn', who: 'owner' } as const;
    expect(() => machine({ ...hat, transitions: [wear] })).toThrow('No hat is ever lost.');
    const lose = { from: 'new', command: 'wear', to: 'lost', who: 'wind' } as const;
    expect(() => machine({ ...hat, transitions: [wear, lose] })).toThrow('wear of a hat that is new leads to worn and to lost');
  });

  test('can say what a deal needs: one command of several people, timers, money, and an end', () => {
    const deal = machine({
      name: 'deal',
      table: 'deals.deals',
      states: ['awaiting_funding', 'funded', 'cancelled', 'unfunded'],
      begins: { awaiting_funding: 'accept' },
      transitions: [
        { from: 'awaiting_funding', command: 'fund', to: 'funded', who: 'requester', money: '`available` to `escrow`' },
        {
          from: 'awaiting_funding',
          command: 'lapse',
          to: 'unfunded',
          who: ['requester', 'system'],
          timer: { due: 'fund_until', name: 'deals.lapse' },
        },
        { from: 'funded', command: 'cancel', to: 'cancelled', who: 'requester', guard: 'nothing is bought', money: 'refund less the fee' },
        { from: ['awaiting_funding', 'funded'], command: 'cancel', to: 'cancelled', who: 'provider', money: 'full refund' },
        { from: 'unfunded', command: 'forget', to: null, who: 'system' },
      ],
    });
    expect(deal.allows('cancel').sql).toBe("state in ('funded', 'awaiting_funding')");
    expect(deal.allows('fund', 'd.state').sql).toBe("d.state = 'awaiting_funding'");
    expect(deal.due('lapse', new Date(0)).sql).toBe("state = 'awaiting_funding' and fund_until <= ?::timestamptz");
    expect(deal.after('funded', 'cancel')).toBe('cancelled');
    expect(waysOf(deal)).toContain('unfunded>');
    expect(() => deal.after('cancelled', 'fund')).toThrow(
      'This deal is cancelled, which does not allow fund. Nothing changes it any more.',
    );
    expect(() => deal.due('fund', new Date(0))).toThrow('No timer gives the command fund');
  });
});
