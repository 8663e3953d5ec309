import { z } from 'zod';
import { ListPrice, PLATFORM_SELLER, Product, ProductText, productPublished, Stock, variantsAlike } from '#catalog';
import { type Database, sql, violates } from '#kernel/database.ts';
import { emit } from '#kernel/events.ts';
import { keyColumns, refuseOtherBody } from '#kernel/idempotency.ts';
import { derivedId, newId } from '#kernel/ids.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { type AnnouncedFile, AnnounceUpload, Upload, unlessExpired, uploadExpired } from '#media';
import { expectImage, insertImage } from './announce-image.ts';
import { unknownCategory } from './category.ts';
import type { Catalog } from './context.ts';
import { documentOf, NewVariant, productByKey, refreshed, type VariantRow, writeVariants } from './product.ts';
import { NewTranslations } from './translations.ts';

const { name, category, type, brand, description } = ProductText;

export const CreateProduct = z
  .strictObject({
    name,
    category: category.optional(),
    type: type.optional(),
    brand: brand.optional(),
    description: description.default(''),
    translations: NewTranslations.optional(),
    price: ListPrice.optional(),
    stock: Stock.optional(),
    variants: z.array(NewVariant).min(1).max(100).optional(),
    image: AnnounceUpload.optional().meta({
      description: 'Its first image: the reply says where to send it. A draft whose image does not come is removed',
    }),
  })
  .refine((product) => (product.price === undefined) !== (product.variants === undefined), {
    error: 'give either one price or variants',
    path: ['price'],
  })
  .refine((product) => product.variants === undefined || product.stock === undefined, {
    error: 'each variant has a stock of its own',
    path: ['stock'],
  })
  .refine((product) => new Set(product.variants?.map((variant) => variant.price.currency)).size <= 1, {
    error: 'all variants are priced in one currency',
    path: ['variants'],
  })
  .meta({
    example: {
      name: 'Lamp',
      category: 'electronics',
      type: 'lighting',
      brand: 'Luma',
      description: 'A desk lamp.',
      translations: { fr: { name: 'Lampe', description: 'Une lampe de bureau.' }, ar: { name: 'مصباح' } },
      price: { amount: 2000, currency: 'USD' },
      stock: 10,
    },
  });

/** For other modules the size of the image may not be known. */
type ProductWish = Omit<z.infer<typeof CreateProduct>, 'image'> & { image?: AnnouncedFile | undefined; isReviewed?: boolean };

/** What a call that lists a product answers. */
export const CreatedProduct = Product.extend({
  upload: Upload.optional().meta({ description: 'Where to send the image that was announced' }),
}).meta({ id: 'CreatedProduct' });
type CreatedProduct = z.infer<typeof CreatedProduct>;

/**
 * Lists a product: of the staff it is the shop's own and public at once, or with `isReviewed` a draft too; of anybody else it is a draft of theirs.
 * Its ids follow from the key, so that stock opened by a call that was cut off is the stock of the next try.
 */
export async function createProduct(
  ctx: Catalog,
  input: ProductWish,
  key: Key | undefined,
): Promise<CreatedProduct | Replayed<CreatedProduct>> {
  const isShop = ctx.actor.permissions.has('catalog:write');
  const isPublic = isShop && !input.isReviewed;
  const id = key ? derivedId('product', key.principal, key.value) : newId();
  const variants = variantRows(id, input);
  try {
    return await ctx.together(async (ctx) => {
      await ctx.inventory.open({ variants: variants.map((variant) => ({ variantId: variant.id, onHand: variant.stock })) });
      const announced = input.image && expectImage(ctx, input.image, { productId: id, key: derivedId('product-image', id) });
      const upload = await announced?.catch(unlessExpired);
      const shown = upload ? { upload } : {};
      return ctx.db.transaction(async (tx) => {
        const seller = isShop ? PLATFORM_SELLER : ctx.actor;
        const at = ctx.clock.now();
        const imageDueAt = upload && !isPublic ? new Date(at.getTime() + ctx.settings.imageDueMs) : null;
        const made = await insertProduct(tx, { ...input, id, seller, state: isPublic ? 'approved' : 'draft', at, imageDueAt }, key);
        if (!made) return replay(tx, key, shown);
        if (announced && !upload) throw uploadExpired();
        await writeVariants(tx, id, variants);
        if (upload) await insertImage(tx, { id: upload.id, productId: id, alt: input.image?.alt, isTrusted: isShop, at });
        if (ctx.request) ctx.request.subject = id;
        if (isPublic) emit(tx, productPublished, id, { productId: id, sellerId: seller.id });
        return { ...(await refreshed(tx, id)), ...shown };
      });
    });
  } catch (error) {
    throw refusalOf(error, input.category);
  }
}

async function replay(db: Database, key: Key | undefined, shown: { upload?: Upload }): Promise<Replayed<CreatedProduct>> {
  const earlier = key && (await productByKey(db, key.principal, key.value));
  if (!earlier || !key) throw new Error('A product could not be made, though nothing stood in its way.');
  refuseOtherBody(earlier, key);
  return replayed({ ...documentOf(earlier), ...shown });
}

/** What a violation of a constraint means to the caller. */
export function refusalOf(error: unknown, category: string | null | undefined): unknown {
  if (violates(error, 'products_category')) return unknownCategory({ category: category ?? '' });
  if (violates(error, 'variants_sku') || violates(error, 'variants_options')) return variantsAlike();
  return error;
}

function variantRows(productId: string, input: ProductWish): VariantRow[] {
  const variants = input.variants ?? (input.price ? [{ sku: undefined, options: {}, price: input.price, stock: input.stock ?? 0 }] : []);
  return variants.map((variant, position) => ({
    id: derivedId('variant', productId, String(position)),
    position,
    sku: variant.sku ?? null,
    options: variant.options,
    amount: variant.price.amount,
    currency: variant.price.currency,
    stock: variant.stock,
  }));
}

type NewProduct = ProductWish & {
  id: string;
  seller: { id: string; username: string };
  state: string;
  at: Date;
  imageDueAt: Date | null;
};

async function insertProduct(db: Database, product: NewProduct, key: Key | undefined): Promise<boolean> {
  const columns = keyColumns(key);
  const count = await db.execute(sql`
    insert into catalog.products (id, seller_id, seller_username, state, name, category, type, brand, description, translations, created_at, image_due_at, principal, idempotency_key, body_hash)
    values (${product.id}, ${product.seller.id}, ${product.seller.username}, ${product.state}, ${product.name}, ${product.category ?? null}, ${product.type ?? null}, ${product.brand ?? null},
            ${product.description}, ${JSON.stringify(product.translations ?? {})}::jsonb, ${product.at}, ${product.imageDueAt}, ${columns.principal}, ${columns.idempotency_key}, ${columns.body_hash})
    on conflict do nothing`);
  return count > 0;
}
