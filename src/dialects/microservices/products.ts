import { z } from 'zod';
import type { Product } from '#catalog';
import { partsOf } from '#kernel/batches.ts';
import { majorText } from '../major-units.ts';
import type { Microservices } from './context.ts';

const S = z.object({ S: z.string() });
const N = z.object({ N: z.string() });

/** A product in the attribute form of DynamoDB. */
export const StoredProduct = z
  .object({
    id: S,
    fileName: S,
    productName: S,
    productPrice: N,
    description: S,
    quantity: N,
    category: S,
    imageUrl: S,
    isApproved: z.object({ BOOL: z.boolean() }),
    email: S.meta({ description: 'The username of the seller: nobody has made an email public' }),
    createdAt: S,
  })
  .meta({ id: 'StoredProduct' });

/** That API has no pages, so there is an end to what it lists. */
const LISTED = 500;

/** The newest approved products with a price in the default currency: prices name none there. */
export async function listApproved(ctx: Microservices): Promise<{ products: z.infer<typeof StoredProduct>[] }> {
  const [products, categories] = await Promise.all([ctx.catalog.newest({ limit: LISTED }), ctx.catalog.categories({})]);
  const names = new Map(categories.map(({ slug, name }) => [slug, name]));
  const shown = products.filter(({ price }) => price.currency === ctx.settings.defaultCurrency);
  const files = await fileNames(
    ctx,
    shown.flatMap(({ images }) => images[0]?.id ?? []),
  );
  return { products: shown.map((product) => stored(product, names, files)) };
}

const ASKED = 200;

/** What the sellers called the files, by the ids of the images. */
async function fileNames(ctx: Microservices, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = await Promise.all(partsOf(ids, ASKED).map((some) => ctx.media.uploads({ ids: some })));
  return new Map(
    found.flatMap(({ uploads }) => uploads.flatMap(({ id, fileName }) => (fileName === null ? [] : [[id, fileName] as const]))),
  );
}

function stored(
  product: Product,
  categories: ReadonlyMap<string, string>,
  files: ReadonlyMap<string, string>,
): z.infer<typeof StoredProduct> {
  const image = product.images[0];
  const imageUrl = image?.url ?? '';
  return {
    id: { S: product.id },
    fileName: { S: (image && files.get(image.id)) ?? imageUrl.split('/').at(-1)! },
    productName: { S: product.name },
    productPrice: { N: majorText(product.price) },
    description: { S: product.description },
    quantity: { N: String(product.stock) },
    category: { S: categories.get(product.category ?? '') ?? product.category ?? '' },
    imageUrl: { S: imageUrl },
    isApproved: { BOOL: true },
    email: { S: product.seller.username },
    createdAt: { S: product.createdAt },
  };
}
