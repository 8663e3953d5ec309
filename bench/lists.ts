import { readFileSync } from 'node:fs';
import pg from 'pg';
import { openSouk, readSoukSettings } from '../src/souk.ts';
import { fire, NOT_READY_MADE } from './load.ts';

const words = (...texts: string[]): string[] => texts.map((text) => `q=${encodeURIComponent(text)}`);
const and = (queries: readonly string[], more: string): string[] => queries.map((query) => `${query}&${more}`);
const range = (from: number): string => `minPrice=${from}&maxPrice=${from + 99}`;

const commonWords = words('lamp', 'phone', 'camera', 'nova', 'modern', 'gift');
const bigBrands = ['brand=Nova', 'brand=Atlas', 'brand=Ibis'];
const priceRanges = [range(100), range(1000), range(50_000), range(300_000)];

/** What shops ask of lists: some queries of each kind, since one word or brand says little about another. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  'category page': ['lighting', 'phone', 'books', 'garden', 'office'].map((slug) => `category=${slug}`),
  'by name': ['sort=name'],
  'by price': ['sort=price', 'sort=-price'],
  'by rating': ['sort=rating'],
  'in stock': ['inStock=true'],
  'one option': ['option.color=red', 'option.size=XL'],
  'two options by rating': ['option.color=red&option.size=M&sort=rating', 'option.color=grey&option.size=M&sort=rating'],
  'big brand': bigBrands,
  'brand with few products': ['brand=Atelier+2cc3', 'brand=Atelier+2b76', 'brand=Atelier+1e74'],
  'brand with few products, in stock by price': [
    'brand=Atelier+2cc3&inStock=true&sort=price',
    'brand=Atelier+2b76&inStock=true&sort=price',
  ],
  'brand by price': and(bigBrands, 'sort=price'),
  '$1 price range': priceRanges,
  '$1 price range by rating': and(priceRanges, 'sort=rating'),
  'common word': commonWords,
  'common word by price': and(commonWords, 'sort=price'),
  'rarer word by name': and(words('oud', 'atlas', 'medina', 'stapler', 'ladder', 'pen'), 'sort=name'),
  'rarer word by rating': and(words('oud', 'atlas', 'medina', 'stapler', 'ladder', 'pen'), 'sort=rating'),
  'two words': words('olive oil', 'leather bag', 'nova lamp', 'classic chair', 'wood steel', 'black bag', 'gift lamp', 'red shirt'),
  'three words': words('classic nova phone', 'soft cotton dress', 'red leather bag', 'modern garden bench', 'wireless phone charger'),
  'two letters being typed': words('la', 'ph', 'no', 'te', 'co', 'mo'),
  'one letter': words('a', 'b', 's', '7'),
  'a typo': words('lampp', 'telefone', 'chandelere', 'nvoa lmap'),
};

const TURNS = 20;

/** Asks a running Souk for each kind of list over four connections, and counts PostgreSQL's own time for them one after another. */
export async function reportLists(
  url: string,
  databaseUrl: string,
  products: readonly string[],
  seconds: number,
  say: (line: string) => void,
): Promise<void> {
  const lists = Object.entries(LISTS).map(([name, queries]) => [name, queries.map((query) => `/v1/products?${query}`)] as const);
  const kinds = [...lists, ['product detail', products.slice(0, 50).map((id) => `/v1/products/${id}`)] as const];
  const counter = await openCounter(databaseUrl);
  say('\n| list | p50 ms | p99 ms | PostgreSQL ms | the dearest | statements | found | failed |');
  say('|---|---|---|---|---|---|---|---|');
  for (const [name, paths] of kinds) {
    let turn = 0;
    const { p50, p99, failed } = await fire({
      url,
      connections: 4,
      seconds,
      next: () => ({ path: paths[turn++ % paths.length] as string, headers: NOT_READY_MADE }),
    });
    const costs: Cost[] = [];
    for (const path of paths) costs.push(await counter.costOf(path));
    const mean = (pick: (cost: Cost) => number) => (costs.reduce((sum, cost) => sum + pick(cost), 0) / costs.length).toFixed(1);
    const dearest = costs.toSorted((a, b) => b.ms - a.ms)[0] as Cost;
    const found = Math.min(...costs.map(({ items }) => items));
    say(
      `| ${name} | ${p50} | ${p99} | ${mean(({ ms }) => ms)} | ${dearest.ms.toFixed(1)} ${paths.length > 1 ? decodeURIComponent(dearest.path.split(/[?/]/).at(-1) as string) : ''} | ${mean(({ statements }) => statements)} | ${found} | ${failed} |`,
    );
  }
  await counter.close();
}

interface Cost {
  path: string;
  /** CPU time of PostgreSQL for a request, where the system tells (Linux); the time of the whole request elsewhere. */
  ms: number;
  statements: number;
  items: number;
}

/** Asks in this process, without timers or other requests: all that its connections do is for the list. */
async function openCounter(databaseUrl: string): Promise<{ costOf(path: string): Promise<Cost>; close(): Promise<void> }> {
  const name = 'souk bench';
  const own = Object.assign(new URL(databaseUrl), { search: `?application_name=${encodeURIComponent(name)}` }).href;
  let statements = 0;
  const settings = readSoukSettings({ NODE_ENV: 'test', RATE_LIMITS: 'off', LOG_LEVEL: 'silent', DATABASE_CONNECTIONS: '5' });
  const souk = await openSouk(settings, { databaseUrl: own, onStatement: () => statements++ });
  const observer = new pg.Client({ connectionString: databaseUrl });
  await observer.connect();

  const ask = async (path: string): Promise<number> => {
    const reply = await souk.fetch(new Request(`http://souk.bench${path}`, { headers: NOT_READY_MADE }));
    const { items = [] } = (await reply.json()) as { items?: unknown[] };
    if (reply.status !== 200) throw new Error(`${path} answered ${reply.status}`);
    return items.length;
  };
  const spentMs = async (): Promise<number> => {
    if (process.platform !== 'linux') return performance.now();
    const { rows } = await observer.query<{ pid: number }>('select pid from pg_stat_activity where application_name = $1', [name]);
    return rows.reduce((sum, { pid }) => sum + Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6, 0);
  };
  return {
    async costOf(path) {
      const items = await ask(path); // plans and caches
      const [before, sent] = [await spentMs(), statements];
      for (let turn = 0; turn < TURNS; turn++) await ask(path);
      return { path, ms: ((await spentMs()) - before) / TURNS, statements: (statements - sent) / TURNS, items };
    },
    async close() {
      await souk.stop();
      await observer.end();
    },
  };
}
