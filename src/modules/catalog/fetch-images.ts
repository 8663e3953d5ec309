import type { ImportedImage } from '#catalog';
import { derivedId } from '#kernel/ids.ts';
import type { Nothing } from '#kernel/shapes.ts';
import { insertImage } from './announce-image.ts';
import type { Catalog } from './context.ts';
import { lockProduct } from './product.ts';
import { imagesOf, MOST_IMAGES } from './product-images.ts';

interface Wanted {
  ownerId: string;
  productId: string;
  images: ImportedImage[];
}

/** States of an image that comes, or is here. One that was removed or refused is not fetched again from the same address. */
const ALIVE: ReadonlySet<string> = new Set(['checking', 'ready', 'attached']);

/** Has media fetch what the product does not show yet. An address is one image of a product, however often it is asked for. */
export async function fetchImages(ctx: Catalog, { ownerId, productId, images }: Wanted): Promise<Nothing> {
  const known = await imagesOf(ctx.db, productId);
  const urls = new Set(known.flatMap(({ image }) => image?.url ?? []));
  const added = images.filter(({ url }) => !urls.has(url));
  const fetched: { id: string; alt: string }[] = [];
  for (const { url, alt } of added) {
    const key = derivedId('imported-image', productId, url);
    const { id } = await ctx.media.fetch({ key, ownerId, purpose: 'product-image', subjectId: productId, url, alt });
    if (!known.some((image) => image.id === id)) fetched.push({ id, alt });
  }
  if (fetched.length === 0) return {};
  const { uploads } = await ctx.media.uploads({ ids: fetched.map(({ id }) => id) });
  const alive = new Set(uploads.filter(({ state }) => ALIVE.has(state)).map(({ id }) => id));
  await ctx.db.transaction(async (tx) => {
    if (!(await lockProduct(tx, productId, null))) return;
    let room = MOST_IMAGES - (await imagesOf(tx, productId)).length;
    for (const { id, alt } of fetched)
      if (alive.has(id) && room-- > 0) await insertImage(tx, { id, productId, alt, isTrusted: true, at: ctx.clock.now() });
  });
  return {};
}
