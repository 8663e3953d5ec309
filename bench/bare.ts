import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import pg from 'pg';
import type { Sql } from '#kernel/database.ts';
import { settingOf } from '#kernel/events.ts';
import { newId } from '#kernel/ids.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import { outboxInsert } from '#kernel/outbox.ts';
import { offersFor } from '../src/modules/catalog/price-lines.ts';
import { productById } from '../src/modules/catalog/product.ts';
import { findPage, type Question, questionOf, type Read } from '../src/modules/catalog/product-list.ts';
import { levelsOf } from '../src/modules/inventory/level.ts';
import { claimNewUnits } from '../src/modules/inventory/reservation.ts';
import { orderInsert } from '../src/modules/orders/order.ts';
import { sharesOf } from '../src/modules/orders/shares.ts';
import { journalInsert } from '../src/modules/wallet/ledger.ts';
import { paymentRows, saleJournal } from '../src/modules/wallet/pay.ts';

/**
 * The limit that Souk is compared with: node:http and pg, the same statements, the same commits, and nothing else. No
 * validation, no access, no limits, no audit of refusals, no logs, no metrics, no retries.
 */
const pool = new pg.Pool({
  connectionString: process.env.DATABASE_URL,
  max: Number(process.env.DATABASE_CONNECTIONS ?? 20) - 4,
  pipeline: true,
  options: '-c plan_cache_mode=force_generic_plan',
} as pg.PoolConfig);
const lists = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 4 });
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
const names = new Map<string, string>();

function named(statement: Sql): { name: string; text: string; values: unknown[] } {
  const text = statement.text;
  const name = names.get(text) ?? createHash('md5').update(text).digest('base64url');
  names.set(text, name);
  return { name, text, values: statement.values };
}

const rows = async <Row>(via: pg.Pool | pg.PoolClient, statement: Sql): Promise<Row[]> => (await via.query(named(statement))).rows as Row[];

async function list(query: URLSearchParams): Promise<string> {
  const q = query.get('q');
  const read: Read = async (statement, isPlain) =>
    isPlain ? rows(pool, statement) : ((await lists.query(statement.text, statement.values)).rows as never);
  const question = q === null ? undefined : (await read<Question>(questionOf(q, false), false))[0];
  const category = query.get('category') ?? undefined;
  const page = await findPage(read, { category, options: {}, sort: q === null ? 'newest' : 'relevance', limit: 20, question });
  return `{"items":[${page.items ?? ''}],"nextCursor":null}`;
}

async function detail(id: string): Promise<string> {
  const [row] = await rows<{ document: string }>(pool, productById(id, null));
  const product = JSON.parse(row?.document ?? '{}') as { variants: { id: string; stock: number }[] };
  const levels = await rows<{ variantId: string; available: number }>(pool, levelsOf(product.variants.map((variant) => variant.id)));
  for (const variant of product.variants) variant.stock = levels.find(({ variantId }) => variantId === variant.id)?.available ?? 0;
  return JSON.stringify(product);
}

interface Purchase {
  buyer: string;
  productId: string;
}

async function purchase({ buyer, productId }: Purchase): Promise<string> {
  const [offer] = await rows<{
    product_id: string;
    variant_id: string;
    name: string;
    options: Record<string, string>;
    amount: number;
    currency: CurrencyCode;
    seller_id: string;
    seller_username: string;
  }>(pool, offersFor([{ productId, quantity: 1 }]));
  if (!offer) throw new Error('no such product');
  const line = {
    productId,
    variantId: offer.variant_id,
    name: offer.name,
    options: offer.options,
    quantity: 1,
    unitPrice: { amount: offer.amount, currency: offer.currency },
    seller: { id: offer.seller_id, username: offer.seller_username },
  };
  const at = new Date();
  const id = newId();
  const shares = sharesOf([line], 500);
  const key = { principal: buyer, value: id, bodyHash: id };
  const draft = {
    id,
    buyer,
    placedBy: buyer,
    payment: 'wallet' as const,
    channel: null,
    currency: offer.currency,
    total: offer.amount,
    shares,
    lines: [line],
    addressSealed: null,
    leaseUntil: at,
    at,
  };
  const client = await pool.connect();
  try {
    const payment = { key: id, isNew: true, payer: buyer, currency: offer.currency, shares };
    const lines = [{ variantId: offer.variant_id, quantity: 1 }];
    const told = { kind: 'event' as const, subject: id, notBefore: null };
    const events = [
      { ...told, name: 'wallet.payment-made.v1', payload: { paymentId: id } },
      { ...told, name: 'inventory.levels-changed.v1', payload: null, left: settingOf('levels') },
      { ...told, name: 'orders.order-placed.v1', payload: { orderId: id } },
    ];
    await Promise.all([
      client.query('begin'),
      rows(client, orderInsert(draft, key, { state: 'placed', fails: true })),
      rows(client, journalInsert(saleJournal(payment, at), paymentRows(payment, at), true)),
      rows(client, claimNewUnits({ key: id, state: 'taken', lines, expiresAt: null, at })),
      rows(client, outboxInsert(events, at, [])),
      client.query('commit'),
    ]);
    client.release();
  } catch (error) {
    client.release(error as Error);
    throw error;
  }
  return JSON.stringify({ id, state: 'placed', items: [line], total: { amount: offer.amount, currency: offer.currency }, createdAt: at });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function answer(request: IncomingMessage): Promise<string> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  if (request.method === 'POST') return purchase(JSON.parse(await bodyOf(request)) as Purchase);
  if (url.pathname === '/livez') return '{}';
  return url.pathname === '/v1/products' ? list(url.searchParams) : detail(url.pathname.split('/').at(-1) as string);
}

createServer((request: IncomingMessage, response: ServerResponse) => {
  answer(request).then(
    (text) =>
      response
        .writeHead(request.method === 'POST' ? 201 : 200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) })
        .end(text),
    (error: Error) => response.writeHead(500).end(error.message),
  );
}).listen(Number(process.env.PORT), '127.0.0.1');
process.on('SIGTERM', () => process.exit(0));
