import { stringify } from 'csv-stringify/sync';
import { z } from 'zod';
import { PLATFORM_SELLER } from '#catalog';
import { type StreamReply, streamReply } from '#kernel/file-reply.ts';
import { notFound } from '#kernel/problems.ts';
import { Username } from '#kernel/shapes.ts';
import { columns, guarded, imagesText, optionsText, priceText, translationsText } from './cells.ts';
import type { Imports } from './context.ts';
import { namesOf } from './import.ts';

export const ExportQuery = z.object({
  seller: Username.optional().meta({ description: "Whose products: a username; the shop's own when absent", example: 'sue' }),
});

/** The number of products that are read at once; fewer if their texts are long. A million products take 4,000 statements. */
const AT_ONCE = 250;

/** A file of the products of a seller, that `POST /imports/products` takes again. It is made while it is sent. */
export async function exportProducts(ctx: Imports, { seller }: z.infer<typeof ExportQuery>): Promise<StreamReply> {
  const sellerId = seller === undefined ? PLATFORM_SELLER.id : (await ctx.identity.findAccount({ username: seller }))?.id;
  if (!sellerId) throw notFound();
  return streamReply('text/csv; charset=utf-8; header=present', () => fileOf(ctx, sellerId));
}

async function* fileOf(ctx: Imports, sellerId: string): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  yield encoder.encode(lines([[...columns]]));
  for (let after: string | null = null; ; ) {
    const products: Product[] = await ctx.catalog.exportProducts({ sellerId, after, limit: AT_ONCE });
    if (products.length === 0) return;
    const named = await ctx.db.many<{ productId: string; name: string }>(namesOf(products.map(({ id }) => id)));
    const names = new Map(named.map(({ productId, name }) => [productId, name]));
    yield encoder.encode(lines(products.flatMap((product) => rowsOf(product, names.get(product.id) ?? product.id))));
    after = products.at(-1)!.id;
  }
}

type Product = Awaited<ReturnType<Imports['catalog']['exportProducts']>>[number];

/** A row for each variant. What is of the product stands in its first row; id and name stand in all, for those who sort. */
const rowsOf = ({ name, category, type, brand, description, translations, variants, images }: Product, id: string): string[][] =>
  variants.map(({ sku, options, price, stock }, place) => [
    ...[id, name],
    ...(place === 0 ? [category ?? '', type ?? '', brand ?? '', description, translationsText(translations)] : ['', '', '', '', '']),
    ...[
      sku ?? '',
      optionsText(options),
      priceText(price.amount, price.currency),
      price.currency,
      String(stock),
      place === 0 ? imagesText(images) : '',
    ],
  ]);

const lines = (rows: readonly string[][]): string =>
  stringify(
    rows.map((cells) => cells.map(guarded)),
    { record_delimiter: '\r\n', quoted_match: /[\r\n;\t]|^\s|\s$/ },
  );
