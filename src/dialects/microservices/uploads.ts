import { z } from 'zod';
import { MAX_PRICE, Stock } from '#catalog';
import { newId } from '#kernel/ids.ts';
import { forbidden, problem, unauthenticated } from '#kernel/problems.ts';
import { foldName, line } from '#kernel/shapes.ts';
import { imageTypes } from '#media';
import { majorText, minorUnits } from '../major-units.ts';
import type { Microservices } from './context.ts';

const file = {
  fileName: line(200),
  fileType: z.enum(imageTypes).meta({ description: 'The content type of the image', example: 'image/jpeg' }),
};

export const BannerUpload = z.object(file);
export const CategoryUpload = z.object({ ...file, categoryName: line(120) });
export const ProductUpload = z.object({
  ...file,
  productName: line(200),
  productPrice: z
    .unknown()
    .optional()
    .meta({ description: 'In major units of the default currency, as a number or its text', example: 12.5 }),
  description: z.string().max(10_000).default(''),
  quantity: z.preprocess((given) => (typeof given === 'string' && /^\d{1,10}$/.test(given) ? Number(given) : given), Stock),
  category: line(120),
});

export const wrongPrice = problem({
  code: 'microservices/wrong-price',
  status: 400,
  title: 'This is not a price',
  members: { currency: z.string(), most: z.string() },
  detail: ({ currency, most }) =>
    `productPrice must be above zero and at most ${most}, in ${currency}, with no more decimals than that has.`,
});

export const unknownCategory = problem({
  code: 'microservices/unknown-category',
  status: 400,
  title: 'No such category',
  members: { category: z.string() },
  detail: ({ category }) => `There is no category ${category}. Name one of the categories that are shown, or add it first.`,
});

const imageOf = ({ fileName, fileType }: z.infer<typeof BannerUpload>, alt: string) => ({
  fileName,
  contentType: fileType,
  sizeBytes: null,
  alt,
});

/** That API let anybody upload banners and categories; here only with the setting. @throws unauthenticated, forbidden */
export function demandManager({ actor, settings }: Microservices): void {
  if (settings.openUploads) return;
  if (actor.kind === 'anonymous') throw unauthenticated();
  if (!actor.permissions.has('catalog:write')) throw forbidden({ permission: 'catalog:write' });
}

/** A banner appears when its file has come. */
export async function uploadBanner(ctx: Microservices, body: z.infer<typeof BannerUpload>): Promise<{ uploadURL: string }> {
  const { upload } = await ctx.banners.announce({ key: newId(), image: imageOf(body, '') });
  return { uploadURL: upload.upload.url };
}

/** The image of the category of that name, which is added where there is none. */
export async function uploadCategory(ctx: Microservices, body: z.infer<typeof CategoryUpload>): Promise<{ uploadUrl: string }> {
  const { categoryName: name } = body;
  const { upload } = await ctx.catalog.announceCategory({ name, image: imageOf(body, name), key: newId() });
  return { uploadUrl: upload.url };
}

/** A product of the caller with its first image; it waits for approval. @throws wrongPrice, unknownCategory */
export async function uploadProduct(ctx: Microservices, body: z.infer<typeof ProductUpload>): Promise<{ uploadUrl: string }> {
  const { productName: name, productPrice, description, quantity: stock, category } = body;
  const { defaultCurrency: currency } = ctx.settings;
  const amount = minorUnits(productPrice, currency);
  if (amount === undefined || amount > MAX_PRICE) throw wrongPrice({ currency, most: majorText({ amount: MAX_PRICE, currency }) });
  const wanted = foldName(category);
  const all = await ctx.catalog.categories({ withExpected: true });
  const known = all.find(({ slug }) => slug === wanted) ?? all.find(({ name }) => foldName(name) === wanted);
  if (!known) throw unknownCategory({ category });
  const { upload } = await ctx.catalog.offer({
    ...{ name, description, stock, category: known.slug, price: { amount, currency } },
    ...{ image: imageOf(body, name), key: newId() },
  });
  return { uploadUrl: upload.upload.url };
}
