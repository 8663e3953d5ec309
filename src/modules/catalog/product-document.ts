import type { Options, Product, Translations } from '#catalog';
import type { CurrencyCode } from '#kernel/money.ts';
import type { Image } from '#media';
import type { ProductState } from './product-state.ts';

/** What the public JSON of a product is made of. */
export interface ProductSource {
  id: string;
  name: string;
  category: string | null;
  type: string | null;
  brand: string | null;
  description: string;
  translations: Translations;
  seller_id: string;
  seller_username: string;
  rating_average: number | null;
  rating_count: number;
  state: ProductState;
  created_at: Date;
  version: number;
  /** Those that are shown, in their order; null where there are none. */
  images: Image[] | null;
  /** In their order; at least one. */
  variants: { id: string; sku: string | null; options: Options; amount: number; currency: CurrencyCode; stock: number }[];
}

/**
 * The public JSON of a product. No other place knows its shape. It is stored as text (`products.document`) when the product
 * changes. The stock in it is that of this moment: `withStock` puts in today's figures, of `variants.stock`, when it is read.
 */
export function publicProduct(source: ProductSource): Product {
  const variants = source.variants.map(({ id, sku, options, amount, currency, stock }) => ({
    ...{ id, sku, options, price: { amount, currency }, stock },
  }));
  return {
    id: source.id,
    name: source.name,
    category: source.category,
    type: source.type,
    brand: source.brand,
    description: source.description,
    translations: source.translations,
    seller: { id: source.seller_id, username: source.seller_username },
    price: { amount: Math.min(...source.variants.map(({ amount }) => amount)), currency: source.variants[0]!.currency },
    stock: sum(variants.map(({ stock }) => stock)), // comes before the variants: withStock relies on it
    variants,
    images: source.images ?? [],
    rating: { average: source.rating_average, count: source.rating_count },
    state: source.state,
    createdAt: source.created_at.toISOString(),
    version: source.version,
  };
}

/** In a document only stock figures look so: a quotation mark within a text has a backslash before it, and options are texts. */
const STOCK = /"stock":\d+/;

/**
 * Puts stock figures into stored documents. `units` has those of all variants, in the order of the documents and of the variants
 * in each. The stock of a product is the sum of its variants'.
 */
export function withStock(documents: readonly string[], units: readonly number[]): string[] {
  let used = 0;
  return documents.map((document) => {
    const parts = document.split(STOCK);
    const own = units.slice(used, used + parts.length - 2);
    used += own.length;
    const figures = [sum(own), ...own];
    return parts.reduce((text, part, place) => `${text}"stock":${figures[place - 1] ?? 0}${part}`);
  });
}

const sum = (figures: readonly number[]): number => figures.reduce((total, figure) => total + figure, 0);

/** Stock figures as a statement answers them: a text with commas between, null where there are none. */
export const unitsIn = (text: string | null): number[] => (text ? text.split(',').map(Number) : []);
