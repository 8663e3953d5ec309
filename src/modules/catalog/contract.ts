import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Money } from '#kernel/money.ts';
import { invalid, problem } from '#kernel/problems.ts';
import { Id, line, webAddress } from '#kernel/shapes.ts';
import { Alt, AnnouncedFile, Refusal, SHOP_ID, Upload } from '#media';
import { ChangedTranslations, Options, Product, ProductText, Translations } from './contract-product.ts';

export * from './contract-product.ts';

/** What public pages show, for `ready` and `changed`: lists of products, and one product. */
export const PRODUCTS = 'products';
export const productTopic = (id: string): string => `product:${id}`;

/** The shop's own products, sold by no account: their money is the platform's revenue. */
export const PLATFORM_SELLER = { id: SHOP_ID, username: 'souk' } as const;

/** One thing to be bought, named by its variant, or by its product and the options that pick one variant. */
export const WantedLine = z.object({ productId: Id.optional(), variantId: Id.optional(), options: Options.optional(), quantity: z.int() });

export const PricedLine = z.object({
  ...{ productId: Id, variantId: Id, name: z.string(), options: Options },
  quantity: z.int(),
  unitPrice: Money,
  seller: z.object({ id: Id, username: z.string() }),
});
export type PricedLine = z.infer<typeof PricedLine>;

/** As much of a public product as those need who write about it. */
export const ProductBrief = z.object({ id: Id, name: z.string(), sellerId: Id });
export type ProductBrief = z.infer<typeof ProductBrief>;

/** A product as one-step sales list it: what it is called and what it costs. */
export const NamedProduct = z.object({ name: z.string(), price: Money, stock: z.int(), productId: Id }).meta({ id: 'NamedProduct' });

export const unknownProduct = problem({
  code: 'catalog/unknown-product',
  status: 404,
  title: 'No such product',
  members: { ids: z.array(z.string()) },
  detail: ({ ids }) => `Not for sale here: ${ids.join(', ')}.`,
});

export const variantNeeded = problem({
  code: 'catalog/variant-needed',
  status: 409,
  title: 'The variant is missing',
  members: { productId: Id, variants: z.array(z.object({ id: Id, options: z.record(z.string(), z.string()) })) },
  detail: ({ variants }) =>
    `The product comes in ${variants.length} variants that fit; name one by its variantId or by all of its options.`,
});

export const nameNotUnique = problem({
  code: 'catalog/name-not-unique',
  status: 409,
  title: 'Several products have this name',
  members: { name: z.string(), ids: z.array(Id) },
  detail: ({ ids }) => `Several products have this name. Order one by its id: ${ids.join(', ')}.`,
});

export const variantsAlike = problem({
  code: 'catalog/variants-alike',
  status: 409,
  title: 'Two variants are the same',
  detail: 'Each variant of a product needs its own options, and its own SKU if it has one.',
});

/** A list looks into the index of each level, so there is an end to them. */
export const MOST_CATEGORIES = 1000;
export const tooManyCategories = problem({
  code: 'catalog/too-many-categories',
  status: 409,
  title: 'Too many categories',
  detail: `There are at most ${MOST_CATEGORIES} categories.`,
});

/** The dearest thing that can be listed, in minor units. */
export const MAX_PRICE = 99_999_999_999;
export const ListPrice = z
  .strictObject({
    amount: z.int('must be a whole number of minor units').positive('must be more than zero').max(MAX_PRICE),
    currency: Money.shape.currency,
  })
  .meta({ id: 'ListPrice', example: { amount: 2000, currency: 'USD' } });
export const Stock = z.int().min(0).max(1_000_000_000).meta({ description: 'Units on hand', example: 10 });
export const Sku = line(64);

/** A product of a file. What is absent does not change; of a new product it is empty, except that this needs a name, and a new variant a price. */
export const SavedProduct = z.object({
  ...{ id: Id, name: ProductText.name.optional() },
  ...{ category: ProductText.category.nullish(), type: ProductText.type.nullish(), brand: ProductText.brand.nullish() },
  ...{ description: ProductText.description.optional(), translations: ChangedTranslations.optional() },
  /** Each is the known variant with its SKU, else the one with its options, else a new one with this id. Variants that are not here stay. */
  variants: z
    .array(z.object({ id: Id, sku: Sku.nullish(), options: Options.optional(), price: ListPrice.optional(), stock: Stock.optional() }))
    .min(1)
    .max(100),
});
export type SavedProduct = z.infer<typeof SavedProduct>;

/** An image of a product that is to be fetched from an address. */
export const ImportedImage = z.object({
  url: webAddress(z.url({ protocol: /^https?$/, error: 'must be an address such as https://example.com/lamp.jpg' })),
  alt: Alt,
});
export type ImportedImage = z.infer<typeof ImportedImage>;

/** A product as a file holds it: with all that `saveProducts` takes. */
export const ExportedProduct = z.object({
  ...{ id: Id, name: z.string(), category: z.string().nullable(), type: z.string().nullable(), brand: z.string().nullable() },
  description: z.string(),
  translations: Translations,
  variants: z.array(z.object({ sku: z.string().nullable(), options: Options, price: Money, stock: z.int() })),
  images: z.array(z.object({ url: z.string(), alt: z.string() })),
});

export const productPublished = event('catalog.product-published', 1, z.object({ productId: Id, sellerId: Id }));

/** Staff have approved or rejected a product, or a change of it. */
export const productDecided = event(
  'catalog.product-decided',
  1,
  z.object({ productId: Id, sellerId: Id, outcome: z.enum(['approved', 'rejected']) }),
);

/** A variant of a public product has another price, in minor units of one currency. */
export const priceChanged = event(
  'catalog.price-changed',
  1,
  z.object({ productId: Id, variantId: Id, currency: Money.shape.currency, from: z.int(), to: z.int() }),
);

/** A variant of a public product can be bought again. */
export const backInStock = event('catalog.back-in-stock', 1, z.object({ productId: Id, variantId: Id }));

/** Events of before say no reason. */
const CleanedUp = Refusal.default('never-arrived');

/** A product that was never approved was removed, because the image that it was announced with has not come, or was refused. */
export const productCleanedUp = event('catalog.product-cleaned-up', 1, z.object({ productId: Id, sellerId: Id, reason: CleanedUp }));

/** The same of a category that nothing names. `createdBy` is null where an API key made it. */
export const categoryCleanedUp = event(
  'catalog.category-cleaned-up',
  1,
  z.object({ categoryId: Id, slug: z.string(), createdBy: Id.nullable(), reason: CleanedUp }),
);

/** Why a product of a file is not saved; where one variant is wrong, its place among those of the product. */
export const SaveRefusal = z.object({ column: z.string(), reason: z.string(), variant: z.int().optional() });
export type SaveRefusal = z.infer<typeof SaveRefusal>;
const Listing = z.object({ name: z.string(), sellerId: Id });

export const catalog = contract('catalog', {
  operations: {
    /** Today's price, name and seller of each line, in the order asked; only what is for sale. At most 100 lines, one statement. */
    price: operation({
      input: z.object({ lines: z.array(WantedLine).min(1).max(100) }),
      output: z.object({ lines: z.array(PricedLine) }),
      problems: [unknownProduct, variantNeeded],
    }),
    /** The one approved product of that name (letter case aside), as `GET /products/{id}` shows it. */
    productByName: operation({ input: z.object({ name: z.string() }), output: Product, problems: [unknownProduct, nameNotUnique] }),
    /** Public products, the newest first, as `GET /products` shows them. */
    newest: operation({
      input: z.object({
        ...{ category: z.string().optional(), type: z.string().optional(), brand: z.string().optional() },
        limit: z.int().min(1).max(500),
      }),
      output: z.array(Product),
    }),
    /** Products in every state, with all that their sellers see; ids that are not known are left out. */
    products: operation({ input: z.object({ ids: z.array(Id).max(100) }), output: z.array(Product) }),
    /** All categories, in the order that the shop shows them; on demand with those that appear once their image has come. */
    categories: operation({
      input: z.object({ withExpected: z.boolean().optional() }),
      output: z.array(z.object({ slug: z.string(), name: z.string(), image: z.object({ url: z.string() }).nullable().optional() })),
    }),
    /** Lists a product of the caller, also of staff, and asks for its approval. The same key gives the same product, with its upload signed anew. */
    offer: operation({
      input: z.object({
        ...{ name: z.string(), description: z.string(), category: z.string(), price: Money, stock: z.int() },
        ...{ image: AnnouncedFile, key: Id },
      }),
      output: z.object({ id: Id, upload: Upload }),
      problems: [invalid],
    }),
    /** Announces the image of the category of that name, which is added where there is none, and appears with it. Who may, the caller's route has found out. */
    announceCategory: operation({
      input: z.object({ name: z.string(), image: AnnouncedFile, key: Id }),
      output: Upload,
      problems: [invalid, tooManyCategories],
    }),
    /** Names and prices of the products in stock, by name, after the product with that name and id. */
    productsByName: operation({
      input: z.object({ after: z.object({ name: z.string(), id: Id }).nullable(), limit: z.int() }),
      output: z.array(NamedProduct),
    }),
    /** Name and seller of products; those that are not public are left out. */
    brief: operation({ input: z.object({ ids: z.array(Id).max(100) }), output: z.array(ProductBrief) }),
    /** Products as lists show them; those that are not public are left out. One statement. */
    shown: operation({ input: z.object({ ids: z.array(Id).max(100) }), output: z.array(Product) }),
    /** Names and sellers of products and variants in every state; those that are not known are left out. One statement. */
    listings: operation({
      input: z.object({ productIds: z.array(Id).max(100), variantIds: z.array(Id).max(100) }),
      output: z.object({
        products: z.array(Listing.extend({ id: Id })),
        variants: z.array(Listing.extend({ id: Id, productId: Id, options: Options })),
      }),
    }),
    /**
     * Makes products what a file says of them: new ones are the shop's own and public at once, known ones are changed as by staff. The same
     * again changes nothing. Stock of known variants is set, once for each variant id that the file gives. All of them or none.
     */
    saveProducts: operation({
      input: z.object({ products: z.array(SavedProduct).min(1).max(100) }),
      output: z.array(z.object({ id: Id, refusal: SaveRefusal.nullable() })),
      problems: [variantsAlike],
    }),
    /** Fetches images that a product does not have yet, by jobs, each address once. Staff ask for it, so there is no review. At most 20 are stored. */
    fetchImages: operation({
      input: z.object({ ownerId: Id, productId: Id, images: z.array(ImportedImage).max(20) }),
      output: z.object({}),
    }),
    /** Products of a seller that are not archived, by id, with the stock that lists show: at least one, and then as many as some megabytes hold. One statement. */
    exportProducts: operation({
      input: z.object({ sellerId: Id, after: Id.nullable(), limit: z.int().min(1).max(500) }),
      output: z.array(ExportedProduct),
    }),
    /** The ids of products and categories that the clean-up has not removed and does not remove if an image does not arrive. */
    stayWithoutImage: operation({ input: z.object({ ids: z.array(Id).max(100) }), output: z.array(Id) }),
    /** Sets the rating of a product. Of several ratings the one with the highest version counts. */
    rate: operation({
      input: z.object({ productId: Id, count: z.int().min(0), average: z.number().min(1).max(5).nullable(), version: z.int().min(1) }),
      output: z.object({}),
    }),
  },
  events: { productPublished, productDecided, priceChanged, backInStock, productCleanedUp, categoryCleanedUp },
});
