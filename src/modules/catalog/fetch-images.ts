import { isDeepStrictEqual } from 'node:util';
import type { ImportedImage } from '#catalog';
import type { Transaction } from '#kernel/database.ts';
import { derivedId } from '#kernel/ids.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { insertImage } from './announce-image.ts';
import type { Catalog } from './context.ts';
import { lockProduct, type ProductRow, refreshed } from './product.ts';
import { imagesOf, MOST_IMAGES, showAtOnce, shownAmong } from './product-images.ts';

interface Wanted {
  ownerId: string;
  productId: string;
  images: ImportedImage[];
}

/** States of an image that comes, or is here. One that was removed or refused is not fetched again from the same address. */
const ALIVE: ReadonlySet<string> = new Set(['checking', 'ready', 'attached']);

/**
 * Has media fetch what the product does not show yet. An address is one image of a product, however often it is asked for. Those that the
 * product has already get the order of the list, before others, and its `alt` where that says something.
 */
export async function fetchImages(ctx: Catalog, { ownerId, productId, images }: Wanted): Promise<Nothing> {
  const known = await imagesOf(ctx.db, productId);
  const ids = new Map(known.flatMap(({ id, image }) => (image ? [[image.url, id] as const] : [])));
  const here: { id: string; alt: string }[] = [];
  const fetched: { id: string; alt: string }[] = [];
  for (const { url, alt } of images) {
    const shown = ids.get(url);
    if (shown) {
      here.push({ id: shown, alt });
      continue;
    }
    const key = derivedId('imported-image', productId, url);
    const { id } = await ctx.media.fetch({ key, ownerId, purpose: 'product-image', subjectId: productId, url, alt });
    (known.some((image) => image.id === id) ? here : fetched).push({ id, alt });
  }
  if (images.length === 0) return {};
  const { uploads } = fetched.length > 0 ? await ctx.media.uploads({ ids: fetched.map(({ id }) => id) }) : { uploads: [] };
  const alive = new Set(uploads.filter(({ state }) => ALIVE.has(state)).map(({ id }) => id));
  await ctx.db.transaction(async (tx) => {
    const row = await lockProduct(tx, productId, null);
    if (!row) return;
    await arrange(tx, row, here, ctx.clock.now());
    let room = MOST_IMAGES - (await imagesOf(tx, productId)).length;
    for (const { id, alt } of fetched)
      if (alive.has(id) && room-- > 0) await insertImage(tx, { id, productId, alt, isTrusted: true, at: ctx.clock.now() });
  });
  return {};
}

async function arrange(tx: Transaction, row: ProductRow, wanted: readonly { id: string; alt: string }[], now: Date): Promise<void> {
  const rows = await imagesOf(tx, row.id);
  const before = shownAmong(rows);
  const places = new Map(wanted.map(({ id }, place) => [id, place]));
  const alts = new Map(wanted.map(({ id, alt }) => [id, alt]));
  const after = before
    .map((image) => ({ ...image, alt: alts.get(image.id) || image.alt }))
    .toSorted((a, b) => (places.get(a.id) ?? wanted.length) - (places.get(b.id) ?? wanted.length));
  if (isDeepStrictEqual(after, before)) return;
  await showAtOnce(tx, row, before, after, now);
  await refreshed(tx, row.id);
}
