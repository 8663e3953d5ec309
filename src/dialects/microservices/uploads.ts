import { z } from 'zod';
import { seconds } from '#kernel/clock.ts';
import { derivedId } from '#kernel/ids.ts';
import { forbidden, problem, unauthenticated } from '#kernel/problems.ts';
import { line } from '#kernel/shapes.ts';
import { imageTypes } from '#media';
import { minorUnits } from '../major-units.ts';
import type { Microservices } from './context.ts';

const file = {
  fileName: line(200),
  fileType: z
    .preprocess((type) => (type === 'image/jpg' ? 'image/jpeg' : type), z.enum(imageTypes))
    .meta({ description: 'The content type of the image', example: 'image/jpeg' }),
};

export const BannerUpload = z.object(file);
export const CategoryUpload = z.object({ ...file, categoryName: line(120) });
export const ProductUpload = z.object({
  ...file,
  productName: line(200),
  productPrice: z.unknown().meta({ description: 'In major units of the default currency, as a number or its text', example: 12.5 }),
  description: z.string().max(10_000).default(''),
  quantity: z.preprocess((given) => (typeof given === 'string' && /^\d{1,9}$/.test(given) ? Number(given) : given), z.int().min(0)),
  category: line(120),
});

export const wrongPrice = problem({
  code: 'microservices/wrong-price',
  status: 400,
  title: 'This is no price',
  members: { currency: z.string() },
  detail: ({ currency }) => `productPrice must be above zero, in ${currency}, with no more decimals than that has.`,
});

/** A double click is one upload. */
const SAME_UPLOAD_MS = seconds(10);

/** What stands for a key: the call itself, and ten seconds of the clock. */
const keyOf = (ctx: Microservices, what: string, body: object): string =>
  derivedId(
    ...['microservices', what, ctx.actor.id, String(Math.floor(ctx.clock.now().getTime() / SAME_UPLOAD_MS))],
    ctx.secrets.fingerprint(JSON.stringify(body), 'microservices.upload'),
  );

const imageOf = ({ fileName, fileType }: z.infer<typeof BannerUpload>, alt: string) => ({
  fileName,
  contentType: fileType,
  sizeBytes: null,
  alt,
});

/** That API let anybody upload banners and categories; here only with the setting. @throws unauthenticated, forbidden */
function demandManager({ actor, settings }: Microservices): void {
  if (settings.openUploads) return;
  if (actor.kind === 'anonymous') throw unauthenticated();
  if (!actor.permissions.has('catalog:write')) throw forbidden({ permission: 'catalog:write' });
}

/** A banner appears when its file has come. */
export async function uploadBanner(ctx: Microservices, body: z.infer<typeof BannerUpload>): Promise<{ uploadURL: string }> {
  demandManager(ctx);
  const { upload } = await ctx.banners.announce({ key: keyOf(ctx, 'banner', body), image: imageOf(body, '') });
  return { uploadURL: upload.upload.url };
}

/** The image of the category of that name, which is added where there is none. */
export async function uploadCategory(ctx: Microservices, body: z.infer<typeof CategoryUpload>): Promise<{ uploadUrl: string }> {
  demandManager(ctx);
  const { categoryName: name } = body;
  const { upload } = await ctx.catalog.announceCategory({ name, image: imageOf(body, name), key: keyOf(ctx, 'category', body) });
  return { uploadUrl: upload.url };
}

/** A product of the caller with its first image; it waits for approval. @throws wrongPrice */
export async function uploadProduct(ctx: Microservices, body: z.infer<typeof ProductUpload>): Promise<{ uploadUrl: string }> {
  const { productName: name, productPrice, description, quantity: stock, category } = body;
  const { defaultCurrency: currency } = ctx.settings;
  const amount = minorUnits(productPrice, currency);
  if (amount === undefined) throw wrongPrice({ currency });
  const wanted = category.toLowerCase();
  const known = (await ctx.catalog.categories({})).find((one) => one.slug === wanted || one.name.toLowerCase() === wanted);
  const { upload } = await ctx.catalog.offer({
    ...{ name, description, stock, category: known?.slug ?? category, price: { amount, currency } },
    ...{ image: imageOf(body, name), key: keyOf(ctx, 'product', body) },
  });
  return { uploadUrl: upload.upload.url };
}
