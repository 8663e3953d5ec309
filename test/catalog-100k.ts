import pg from 'pg';
import type { Sql, Transaction } from '../src/kernel/database.ts';
import { writeCopies } from '../src/modules/catalog/product-copies.ts';

export interface Catalog {
  products: number;
  /** Milliseconds that loading took. */
  tookMs: number;
}

const CATEGORIES = [
  ['lighting', 'Lighting'], ['garden', 'Garden'], ['kitchen', 'Kitchen'], ['furniture', 'Furniture'], ['toys', 'Toys'], ['books', 'Invariants'], ['sports', 'Sports'],
  ['beauty', 'Beauty'], ['shoes', 'Shoes'], ['jewelry', 'Jewelry'], ['tools', 'Tools'], ['music', 'Music'], ['travel', 'Travel'], ['office', 'Office'],
] as const; // biome-ignore format: a list

/** What is sold in each category: types, the common ones first. */
const TYPES: Readonly<Record<string, readonly string[]>> = {
  phone: ['Téléphone', 'Phone', 'Charger', 'Headset'],
  computer: ['Laptop', 'Keyboard', 'Monitor', 'Mouse'],
  electronics: ['Camera', 'Speaker', 'Television', 'Projector'],
  clothes: ['Shirt', 'Dress', 'Jacket', 'Trousers'],
  food: ['Olive oil', 'Dates', 'Coffee', 'Couscous'],
  accessories: ['Bag', 'Wallet', 'Belt', 'Sunglasses'],
  lighting: ['Lamp', 'Lantern', 'Chandelier', 'Candle'],
  garden: ['Hose', 'Parasol', 'Flowerpot', 'Bench'],
  kitchen: ['Kettle', 'Frying pan', 'Knife', 'Teapot'],
  furniture: ['Chair', 'Table', 'Sofa', 'Bookcase'],
  toys: ['Puzzle', 'Doll', 'Train set', 'Kite'],
  books: ['Novel', 'Atlas', 'Cookbook', 'Dictionary'],
  sports: ['Bicycle', 'Football', 'Racket', 'Tent'],
  beauty: ['Crème', 'Perfume', 'Shampoo', 'Soap'],
  shoes: ['Sneaker', 'Boot', 'Sandal', 'Slipper'],
  jewelry: ['Ring', 'Necklace', 'Bracelet', 'Watch'],
  tools: ['Hammer', 'Drill', 'Saw', 'Ladder'],
  music: ['Guitar', 'Oud', 'Piano', 'Drum'],
  travel: ['Suitcase', 'Backpack', 'Pillow', 'Map'],
  office: ['Notebook', 'Pen', 'Desk', 'Stapler'],
};

const BRANDS =
  'Nova Atlas Medina Zenith Carthage Orion Sahara Lumen Polar Delta Vega Kairouan Sirius Tanit Aurora Jasmin Borealis Djerba Quartz Ibis'.split(
    ' ',
  );
const ADJECTIVES =
  'classic modern small large light heavy soft strong quiet bright elegant simple portable foldable wireless handmade vintage compact robust warm'.split(
    ' ',
  );
const WORDS = (
  'the and with for your home every day gift family quality design easy use made from natural cotton wood steel glass leather paper stone silver gold ' +
  'kitchen garden bedroom office travel winter summer spring autumn children women men small large set piece box pair colour light dark sound water fire ' +
  'proof safe clean fresh organic local imported original limited edition season collection best seller new old traditional modern simple strong thin ' +
  'thick round square long short wide deep high low fast slow warm cool dry wet sweet salty mild spicy rich pure smooth rough shiny matte'
).split(' ');
const COLORS = 'black white red blue green yellow brown pink grey purple'.split(' ');
const SIZES = ['S', 'M', 'L', 'XL'];

/**
 * Fills an empty, migrated database with a catalog that looks like one: 20 categories of unequal size, 20 big brands and
 * 180 small ones, words that are common, rare and unique, one product in three with variants, one in twelve sold out,
 * 50 sellers, one in five translated; with stock on hand. The same number gives the same rows, always. Two connections share the work.
 */
export async function loadCatalog(databaseUrl: string, products = 100_000): Promise<Catalog> {
  const started = performance.now();
  const workers = await Promise.all([0, 1].map(() => connect(databaseUrl)));
  const [first] = workers as [pg.Client];
  const both = (statements: readonly string[]) =>
    Promise.all(
      workers.map(async (client, half) => {
        for (const [place, statement] of statements.entries()) if (place % 2 === half) await client.query(statement);
      }),
    );
  try {
    const indexes = await takeIndexesAway(first);
    await first.query(CATEGORY_ROWS, [CATEGORIES.map(([slug]) => slug), CATEGORIES.map(([, name]) => name)]);
    await Promise.all(workers.map((client, half) => loadHalf(client, products, half)));
    await both(indexes);
    await both(TABLES.map((table) => `vacuum (analyze) ${table}`));
  } finally {
    for (const client of workers) await client.end();
  }
  return { products, tookMs: Math.round(performance.now() - started) };
}

const TABLES = ['catalog.listings', 'catalog.products', 'catalog.variants', 'inventory.levels', 'inventory.movements', 'catalog.words'];

async function connect(databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query("set synchronous_commit = off; set maintenance_work_mem = '256MB'; set work_mem = '64MB'; set jit = off");
  return client;
}

async function loadHalf(client: pg.Client, products: number, half: number): Promise<void> {
  const middle = Math.floor(products / 2);
  const [from, to] = half === 0 ? [1, middle] : [middle + 1, products];
  const kinds = Object.entries(TYPES).flatMap(([category, types]) => types.map((type) => [category, type] as const));
  await client.query(STAGE, [kinds.map(([category]) => category), kinds.map(([, type]) => type), BRANDS, ADJECTIVES, WORDS, from, to]);
  await client.query('create index on staged (n)');
  await client.query(PRODUCTS);
  await client.query(VARIANTS, [COLORS, SIZES]);
  const many = async ({ text, values }: Sql) => (await client.query(text, values)).rows;
  const tx = { many, changed: new Set(), signals: new Set() } as unknown as Transaction;
  for (let batch = from; batch <= to; batch += 1000) {
    const { rows } = await client.query<{ id: string }>('select id from staged where n between $1 and $2', [batch, batch + 999]);
    await writeCopies(
      tx,
      rows.map(({ id }) => id),
    );
  }
  await client.query(LEVELS);
  await client.query('drop table staged');
}

/** Building an index once costs less than keeping it during a load. @returns the statements that bring them back. */
async function takeIndexesAway(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; definition: string }>(`
    select format('%I.%I', schemaname, indexname) as name, indexdef as definition from pg_indexes
    where schemaname = 'catalog' and tablename in ('products', 'listings', 'words') and indexname not in (select conname from pg_constraint)
    order by indexdef like '%gin%' desc, indexname`);
  for (const { name } of rows) await client.query(`drop index ${name}`);
  return rows.map(({ definition }) => definition);
}

/** Pseudo-random by hashing: a whole number below `below`, the same for the same number and salt. */
const pick = (n: string, salt: number, below: string | number) =>
  `((hashint8extended((${n})::bigint, ${salt}) & 1073741823) % (${below}))::int`;
/** The same, but the low numbers come often and the high ones seldom. */
const skewed = (n: string, salt: number, below: string | number) =>
  `((${below}) * power((hashint8extended((${n})::bigint, ${salt}) & 1048575) / 1048576.0::float8, 2.5::float8))::int % (${below})`;

const CATEGORY_ROWS = `
  insert into catalog.categories (id, slug, name, path, position)
  select ('0199c0de-0000-7000-8000-0000000001' || to_hex(15 + place))::uuid, slug, name, array[slug], 100 + place
  from unnest($1::text[], $2::text[]) with ordinality as category (slug, name, place)`;

const STAGE = `
  create temporary table staged as
  with kinds as (select category, type, row_number() over () - 1 as place from unnest($1::text[], $2::text[]) as kind (category, type)),
  numbers as (
    select n, ${skewed('n', 1, 'cardinality($1::text[])')} as kind, ${skewed('n', 2, 200)} as brand, ${pick('n', 3, 'cardinality($4::text[])')} as adjective,
           ${skewed('n', 4, 50)} as seller, ${pick('n', 5, 20_000)} as model
    from generate_series($6::int, $7::int) as n
  )
  select n, (lpad(to_hex(1760000000000 + n * 60000::bigint), 12, '0') || '7' || lpad(to_hex(n % 4096), 3, '0') || '8' || lpad(to_hex(hashint8extended(n, 7) & 281474976710655), 15, '0'))::uuid as id,
         to_timestamp(1760000000 + n * 60) as created_at, seller, category, type,
         case when brand < 20 then ($3::text[])[brand + 1] else 'Atelier ' || to_hex(4096 + brand * 37) end as brand,
         ($4::text[])[adjective + 1] as adjective, chr(65 + n % 26) || model as model,
         (select string_agg(case when w % 9 = 8 then 'term' || to_hex(${skewed('n * 32 + w', 8, 20_000)} + 4096) else ($5::text[])[1 + ${skewed('n * 32 + w', 9, 'cardinality($5::text[])')}] end, ' ')
          from generate_series(1, 6 + n % 12) as w) as prose
  from numbers join kinds on kinds.place = numbers.kind`;

const PRODUCTS = `
  insert into catalog.products (id, seller_id, seller_username, state, name, category, type, brand, description, translations, rating_average, rating_count, created_at)
  select id, ('0199c0de-1111-7000-8000-' || lpad(to_hex(seller), 12, '0'))::uuid, 'seller' || seller, 'approved', brand || ' ' || adjective || ' ' || type || ' ' || model, category, type, brand,
         'A ' || adjective || ' ' || lower(type) || ' by ' || brand || ': ' || prose || '.',
         case when n % 5 > 0 then '{}' else jsonb_build_object(
           'fr', jsonb_build_object('name', brand || ' ' || type || ' élégant ' || model, 'description', 'Un article de qualité, par ' || brand || '. Livré en deux jours.'),
           'ar', jsonb_build_object('name', 'منتج ' || model, 'description', 'منتج ذو جودة عالية من ' || brand || '، يصل خلال يومين.')) end,
         case when n % 3 > 0 then 1 + ${pick('n', 10, 401)} / 100.0 end, case when n % 3 > 0 then 1 + ${skewed('n', 11, 500)} else 0 end, created_at
  from staged order by n`;

const VARIANTS = `
  insert into catalog.variants (id, product_id, position, sku, options, price_amount, price_currency, stock, stock_version)
  select (left(product.id::text, 24) || lpad(to_hex(product.n * 4 + v), 12, '0'))::uuid, product.id, v, 'SKU-' || product.n || '-' || v,
         case when product.n % 3 > 0 then '{}'
              when v % 2 = 0 then jsonb_build_object('color', ($1::text[])[1 + (product.n + v) % 10])
              else jsonb_build_object('color', ($1::text[])[1 + (product.n + v) % 10], 'size', ($2::text[])[1 + v]) end,
         100 + ${skewed('product.n', 12, 500_000)} + v * 50, 'USD', case when product.n % 12 = 0 then 0 else 1 + ${pick('product.n * 4 + v', 13, 500)} end, 1
  from staged product cross join lateral generate_series(0, case when product.n % 3 > 0 then 0 else 1 + product.n % 4 % 3 end) as v
  order by product.n, v`;

const LEVELS = `
  with opened as (
    insert into inventory.levels (variant_id, on_hand)
    select id, stock from catalog.variants where product_id in (select id from staged) order by product_id, position
    returning variant_id, on_hand
  )
  insert into inventory.movements (id, variant_id, change, on_hand, reason, at)
  select gen_random_uuid(), variant_id, on_hand, on_hand, 'opening stock', now() from opened where on_hand > 0`;
