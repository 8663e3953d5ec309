import pg from 'pg';
import { findPage, type ListOfProducts, type Question, questionOf, type Read } from '../src/modules/catalog/product-list.ts';
import { fire } from './load.ts';

const newest = { sort: 'newest', limit: 20, options: {} } as const;
type Asked = ListOfProducts & { q?: string };

/** What shops ask of lists: the path, and the same as the catalog understands it. */
const LISTS: Readonly<Record<string, readonly [query: string, list: Asked]>> = {
  'category page': ['category=lighting', { ...newest, category: 'lighting' }],
  'by name': ['sort=name', { ...newest, sort: 'name' }],
  'by price': ['sort=price', { ...newest, sort: 'price' }],
  'by rating': ['sort=rating', { ...newest, sort: 'rating' }],
  'in stock': ['inStock=true', { ...newest, inStock: true }],
  'one option': ['option.color=red', { ...newest, options: { color: 'red' } }],
  'two options by rating': [
    'option.color=red&option.size=M&sort=rating',
    { ...newest, sort: 'rating', options: { color: 'red', size: 'M' } },
  ],
  'big brand': ['brand=Nova', { ...newest, brand: 'Nova' }],
  'small brand': ['brand=Atelier+2cc3', { ...newest, brand: 'Atelier 2cc3' }],
  'brand by price': ['brand=Ibis&sort=price', { ...newest, brand: 'Ibis', sort: 'price' }],
  'price range of a dollar': ['minPrice=1000&maxPrice=1099', { ...newest, price: { currency: 'USD', from: 1000, to: 1099 } }],
  'common word': ['q=lamp', { ...newest, sort: 'relevance', q: 'lamp' }],
  'common word by price': ['q=lamp&sort=price', { ...newest, sort: 'price', q: 'lamp' }],
  'two words': ['q=olive+oil', { ...newest, sort: 'relevance', q: 'olive oil' }],
  'two letters being typed': ['q=la', { ...newest, sort: 'relevance', q: 'la' }],
  'one letter': ['q=a', { ...newest, sort: 'relevance', q: 'a' }],
  'a typo': ['q=lampp', { ...newest, sort: 'relevance', q: 'lampp' }],
};

/** Asks a running Souk for each list over four connections, and its database for the statements alone, one after another. */
export async function reportLists(url: string, databaseUrl: string, seconds: number, say: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  say('\n| list | p50 ms | p99 ms | statements ms | how many | failed |');
  say('|---|---|---|---|---|---|');
  for (const [name, [query, list]] of Object.entries(LISTS)) {
    const { p50, p99, failed } = await fire({ url, connections: 4, seconds, next: () => ({ path: `/v1/products?${query}` }) });
    const { ms, count } = await statements(client, list);
    say(`| ${name} | ${p50} | ${p99} | ${ms.toFixed(1)} | ${count} | ${failed} |`);
  }
  await client.end();
}

const TURNS = 20;

/** The mean time of a list's statements, and how many they are: as list-products.ts sends them. */
async function statements(client: pg.Client, { q, ...list }: Asked): Promise<{ ms: number; count: number }> {
  let count = 0;
  const read: Read = async <Row>({ text, values }: { text: string; values: unknown[] }) => {
    count += 1;
    return (await client.query(text, values)).rows as Row[];
  };
  const ask = async (forgiving: boolean) =>
    findPage(read, { ...list, question: q === undefined ? undefined : (await read<Question>(questionOf(q, forgiving), false))[0] });
  const started = performance.now();
  for (let turn = 0; turn < TURNS; turn++) {
    const { count: found } = await ask(false);
    if (found === 0 && q !== undefined) await ask(true);
  }
  return { ms: (performance.now() - started) / TURNS, count: count / TURNS };
}
