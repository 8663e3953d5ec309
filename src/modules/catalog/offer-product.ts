import type { z } from 'zod';
import type { catalog } from '#catalog';
import { fieldErrors } from '#kernel/call.ts';
import { derivedId } from '#kernel/ids.ts';
import { invalid } from '#kernel/problems.ts';
import { isReplayed, type Key } from '#kernel/routes.ts';
import { foldName } from '#kernel/shapes.ts';
import type { Upload } from '#media';
import { allCategories, type Category, slugTaken } from './category.ts';
import type { Catalog } from './context.ts';
import { CreateCategory, createCategory, expectCategoryImage, slugOf } from './create-category.ts';
import { CreateProduct, createProduct } from './create-product.ts';
import { decideProduct } from './decide-product.ts';

type Offer = z.infer<typeof catalog.operations.offer.input>;
type Announced = z.infer<typeof catalog.operations.announceCategory.input>;

/** What stands for a key where callers send none. */
const keyOf = ({ actor }: Catalog, operation: string, key: string): Key => ({
  principal: `${actor.id || 'anonymous'}:catalog.${operation}`,
  value: key,
  bodyHash: key,
});

/** Lists a product of the caller and asks for its approval. A product of staff belongs to the shop, and waits for approval too. @throws invalid */
export async function offerProduct(ctx: Catalog, { key, image, ...product }: Offer): Promise<{ id: string; upload: Upload }> {
  const parsed = CreateProduct.safeParse(product);
  if (!parsed.success) throw invalid({ errors: fieldErrors(parsed.error, 'body') });
  const made = await createProduct(ctx, { ...parsed.data, image, isReviewed: true }, keyOf(ctx, 'offer', key));
  const { id, state, upload } = isReplayed(made) ? made.value : made;
  if (state === 'draft') await decideProduct(ctx, id, { command: 'submit', owner: null });
  return { id, upload: upload as Upload };
}

/** Announces the image of the category of that name, which is added where there is none. @throws invalid */
export async function announceCategory(ctx: Catalog, { name, image, key }: Announced): Promise<Upload> {
  const parsed = CreateCategory.safeParse({ name });
  if (!parsed.success) throw invalid({ errors: fieldErrors(parsed.error, 'body') });
  const known = () => categoryNamed(ctx, parsed.data.name);
  const imageOf = ({ id }: { id: string }) => expectCategoryImage(ctx, id, image, derivedId('category-image', id, key));
  const first = await known();
  if (first) return imageOf(first);
  try {
    const made = await createCategory(ctx, { ...parsed.data, image, isExpected: true }, keyOf(ctx, 'announceCategory', key));
    return (isReplayed(made) ? made.value : made).upload as Upload;
  } catch (error) {
    const second = slugTaken.is(error) ? await known() : undefined; // somebody else has added it at the same moment
    if (!second) throw error;
    return imageOf(second);
  }
}

/** Those who name a category know no slugs: it is the one of that slug or name, or else the one whose slug a new one of that name would have. */
async function categoryNamed(ctx: Catalog, name: string): Promise<Category | undefined> {
  const all = await allCategories(ctx, { withExpected: true });
  const [wanted, slug] = [foldName(name), slugOf(name)];
  return (
    all.find((each) => each.slug === wanted) ?? all.find((each) => foldName(each.name) === wanted) ?? all.find((each) => each.slug === slug)
  );
}
