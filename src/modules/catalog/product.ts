import { z } from 'zod';
import { ListPrice, Options, type Product, Sku, Stock, type TranslationChanges, type Translations } from '#catalog';
import { type Database, type Sql, sql, type Transaction } from '#kernel/database.ts';
import type { CurrencyCode } from '#kernel/money.ts';
import type { Image } from '#media';
import { UNITS, writeCopies } from './product-copies.ts';
import { unitsIn, withStock } from './product-document.ts';
import type { ProductState } from './product-state.ts';

export const NewVariant = z.strictObject({ sku: Sku.optional(), options: Options, price: ListPrice, stock: Stock.default(0) });

/** What of an approved product waits for review; `images` are all that it is to have, and `translations` only what changes of them. */
export interface Pending {
  name?: string;
  description?: string;
  translations?: TranslationChanges;
  images?: Image[];
}

export interface ProductRow {
  id: string;
  seller_id: string;
  seller_username: string;
  state: ProductState;
  name: string;
  description: string;
  translations: Translations;
  pending: Pending | null;
  rejection: string | null;
  version: number;
  body_hash: string | null;
  /** Its stock figures are old: `units` has them, where they were asked for. */
  document: string;
  units?: string | null;
}

const COLUMNS = sql`id, seller_id, seller_username, state, name, description, translations, pending, rejection, version, body_hash, document`;

/** Somebody's view of a product, without its stock: public ones for all; others for their seller, or for staff (`viewer` null). */
export const productById = (id: string, viewer: string | null): Sql => sql`
  select ${COLUMNS} from catalog.products
  where id = ${id} and (state = 'approved' or (${viewer}::uuid is null or seller_id = ${viewer}::uuid) and state <> 'archived')`;

/** Finds a product that is the owner's to change (null: anybody's). */
export const ownedProduct = (id: string, owner: string | null): Sql => sql`
  select 1 from catalog.products where id = ${id} and state <> 'archived' and (${owner}::uuid is null or seller_id = ${owner}::uuid)`;

/** The row of a product that is to be changed, locked; `owner` null is staff. */
export const lockProduct = (db: Database, id: string, owner: string | null): Promise<ProductRow | undefined> =>
  db.maybe(sql`
    select ${COLUMNS} from catalog.products
    where id = ${id} and state <> 'archived' and (${owner}::uuid is null or seller_id = ${owner}::uuid) for no key update`);

export const productsOfSeller = (sellerId: string, rows: number): Sql => sql`
  select ${COLUMNS}, ${UNITS} from catalog.products where seller_id = ${sellerId} order by created_at, id limit ${rows}`;

export const productsWithIds = (ids: readonly string[]): Sql =>
  sql`select ${COLUMNS}, ${UNITS} from catalog.products where id = any(${ids}::uuid[])`;

export const productByKey = (db: Database, principal: string, key: string): Promise<ProductRow | undefined> =>
  db.maybe(sql`select ${COLUMNS}, ${UNITS} from catalog.products where principal = ${principal} and idempotency_key = ${key}`);

/** Recomputes the public JSON and all that lists need. The row must be locked by this transaction, or new. */
export const refreshed = async (tx: Transaction, id: string): Promise<Product> => {
  const [row] = await writeCopies(tx, [id]);
  if (!row) throw new Error('A product that was just written is not there.');
  return documentOf(row);
};

/** The JSON of a row, with what only its seller and the staff may see. */
export function documentOf(row: Pick<ProductRow, 'document' | 'units' | 'pending' | 'rejection'>, isInsider = true): Product {
  const [document] = withStock([row.document], unitsIn(row.units ?? null));
  const product = JSON.parse(document as string) as Product;
  if (!isInsider) return product;
  return { ...product, ...(row.pending ? { pending: row.pending } : {}), ...(row.rejection ? { rejection: row.rejection } : {}) };
}

export interface VariantRow {
  id: string;
  position: number;
  sku: string | null;
  options: Record<string, string>;
  amount: number;
  currency: CurrencyCode;
  stock: number;
}

/** Writes variants: new ones with the stock they begin with, known ones with what may change of them. */
export const writeVariants = (db: Database, productId: string, variants: readonly VariantRow[]): Promise<number> =>
  db.execute(sql`
    insert into catalog.variants (id, product_id, position, sku, options, price_amount, price_currency, stock, stock_version)
    select v.id, ${productId}::uuid, v.position, v.sku, v.options, v.amount, v.currency, v.stock, 0
    from unnest(${variants.map((v) => v.id)}::uuid[], ${variants.map((v) => v.position)}::int[], ${variants.map((v) => v.sku)}::text[], ${variants.map((v) => JSON.stringify(v.options))}::jsonb[],
                ${variants.map((v) => v.amount)}::bigint[], ${variants.map((v) => v.currency)}::text[], ${variants.map((v) => v.stock)}::bigint[]) as v (id, position, sku, options, amount, currency, stock)
    on conflict (id) do update set position = excluded.position, sku = excluded.sku, options = excluded.options,
                                   price_amount = excluded.price_amount, price_currency = excluded.price_currency`);

export const variantsOf = (db: Database, productId: string): Promise<VariantRow[]> =>
  db.many(sql`
    select id, position, sku, options, price_amount as amount, price_currency as currency, stock
    from catalog.variants where product_id = ${productId} order by position`);
