import { basename, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { atRest } from './at-rest.ts';
import { type Buyer, buyers, purchase } from './buyers.ts';
import { fieldsOf, treeMs } from './cpu.ts';
import { listLamps, openDemoShop } from './demo-shop.ts';
import { median } from './load.ts';
import { type Asked, say, sayStatements } from './report.ts';

/**
 * What a purchase costs: CPU time (user and system) of PostgreSQL and of Souk, until all that follows from it is done. Wall-clock rates of
 * a shared machine say little; CPU time says more, above all of two checkouts in turns:
 * `npm run bench:purchases -- --against ../souk-before`. Each has a PostgreSQL of its own. `--profile` counts the statements too. `--alone` leaves
 * out what follows: the outbox is held until the figures are taken.
 * Settings: BENCH_ROUNDS (5), BENCH_PURCHASES (2000) of each round.
 */
const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const PURCHASES = Number(process.env.BENCH_PURCHASES ?? 2000);
const CONNECTIONS = 16;
const PRODUCTS = 200;
const { values: given } = parseArgs({
  options: { against: { type: 'string', multiple: true }, profile: { type: 'boolean' }, alone: { type: 'boolean' } },
});

/** The locks of the relay (`outbox.ts`), today's and that of earlier commits. */
const HOLD_OUTBOX = 'select pg_advisory_lock(7281003, hashtext(current_user)), pg_advisory_lock(7281003)';

interface Spent {
  postgresMs: number;
  soukMs: number;
  walBytes: number;
}

interface Shop {
  name: string;
  turn(purchases: number): Promise<Spent>;
  profile(purchases: number): Promise<void>;
  stop(): Promise<void>;
}

const checkouts = ['.', ...(given.against ?? [])];
const shops: Shop[] = [];
try {
  for (const checkout of checkouts) shops.push(await openShop(checkout));
  await bench();
} finally {
  for (const shop of shops) await shop.stop();
}

async function bench(): Promise<void> {
  for (const shop of shops) await shop.turn(PURCHASES); // plans, caches and compiled code
  const spent = new Map(shops.map((shop) => [shop, [] as Spent[]]));
  for (let round = 1; round <= ROUNDS; round++)
    for (const shop of round % 2 === 1 ? shops : [...shops].reverse()) {
      const turn = await shop.turn(PURCHASES);
      spent.get(shop)?.push(turn);
      say(`round ${round}  ${shop.name.padEnd(12)} PostgreSQL ${turn.postgresMs.toFixed(3)} ms  Souk ${turn.soukMs.toFixed(3)} ms`);
    }
  report(spent);
  if (given.profile) for (const shop of shops) await shop.profile(PURCHASES);
}

function report(spent: Map<Shop, Spent[]>): void {
  const all = ({ postgresMs, soukMs }: Spent) => postgresMs + soukMs;
  const [first] = [...spent.values()] as [Spent[]];
  say(
    '\nCPU per purchase, medians\n\n| checkout | PostgreSQL ms | Souk ms | together ms | this one by turns | WAL bytes |\n|---|---|---|---|---|---|',
  );
  for (const [{ name }, turns] of spent) {
    const figure = (pick: (turn: Spent) => number) => median(turns.map(pick));
    const share = median(turns.map((turn, round) => all(first[round] as Spent) / all(turn)));
    say(
      `| ${name} | ${figure((turn) => turn.postgresMs).toFixed(2)} | ${figure((turn) => turn.soukMs).toFixed(2)} | ${figure(all).toFixed(2)} | ${Math.round(100 * share)} % | ${Math.round(figure((turn) => turn.walBytes))} |`,
    );
  }
}

async function openShop(checkout: string): Promise<Shop> {
  const profiled = given.profile ?? false;
  const { server, asked, postmaster, stop } = await openDemoShop({ LOG_LEVEL: 'info' }, { profiled, checkout: resolve(checkout) });
  const people = await buyers(server.url, CONNECTIONS);
  const products = await listLamps(server.url, PRODUCTS);
  await asked('analyze catalog.products, catalog.variants'); // as autovacuum does in the first minute

  const turn = async (purchases: number): Promise<Spent> => {
    if (given.alone) await asked(HOLD_OUTBOX);
    const before = { postgres: treeMs(postmaster), souk: fieldsOf(server.pid).ms, wal: await walOf(asked) };
    await buy(server.url, people, products, purchases);
    if (!given.alone) await atRest(asked);
    const per = (total: number) => total / purchases;
    const spent = {
      postgresMs: per(treeMs(postmaster) - before.postgres),
      soukMs: per(fieldsOf(server.pid).ms - before.souk),
      walBytes: per((await walOf(asked)) - before.wal),
    };
    if (given.alone) await asked('select pg_advisory_unlock_all()');
    await atRest(asked);
    return spent;
  };

  return {
    name: basename(resolve(checkout)),
    turn,
    async profile(purchases) {
      await asked('select pg_stat_statements_reset(), pg_stat_reset()');
      await turn(purchases);
      await new Promise((done) => setTimeout(done, 2000)); // backends tell their counts once a second
      say(`
${basename(resolve(checkout))}`);
      await sayStatements(asked, { unit: 'purchase', count: purchases, most: 40 });
      say('\n| table | inserted | updated | of them HOT | deleted | indexes |\n|---|---|---|---|---|---|');
      for (const row of await asked<Record<string, string>>(`
        select schemaname || '.' || relname as name, round(n_tup_ins::numeric / ${purchases}, 2) as ins, round(n_tup_upd::numeric / ${purchases}, 2) as upd,
               round(n_tup_hot_upd::numeric / ${purchases}, 2) as hot, round(n_tup_del::numeric / ${purchases}, 2) as del,
               (select count(*) from pg_index where indrelid = relid) as indexes
        from pg_stat_user_tables where n_tup_ins + n_tup_upd + n_tup_del > ${purchases} / 50 order by 1`))
        say(`| ${row.name} | ${row.ins} | ${row.upd} | ${row.hot} | ${row.del} | ${row.indexes} |`);
    },
    stop,
  };
}

async function buy(url: string, people: Buyer[], products: string[], amount: number): Promise<void> {
  const result = await autocannon({
    url,
    connections: CONNECTIONS,
    amount,
    requests: [{ setupRequest: (request) => ({ ...request, ...purchase(people, products) }) }],
  });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} purchases failed.`);
}

async function walOf(asked: Asked): Promise<number> {
  return Number((await asked<{ at: string }>("select pg_current_wal_insert_lsn() - '0/0' as at"))[0]?.at);
}
