import { z } from 'zod';
import { variantNeeded } from '#catalog';
import type { Movement } from '#inventory';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { sql } from '#kernel/database.ts';
import { once } from '#kernel/idempotency.ts';
import { derivedId } from '#kernel/ids.ts';
import { keyReused, notFound } from '#kernel/problems.ts';
import type { Key, Replayed } from '#kernel/routes.ts';
import { Cursor, Id, Limit, line, type Page } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

export const ChangeStock = z.strictObject({
  variantId: Id.optional().meta({ description: 'Needed where the product has several variants' }),
  change: z
    .int('must be a whole number of units')
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .refine((units) => units !== 0, 'must not be zero')
    .meta({ description: 'Units added, or taken away when negative', example: 5 }),
  reason: line(200).meta({ example: 'delivery of Monday' }),
});

export const StockQuery = z.object({ limit: Limit, cursor: Cursor });

type MovementView = z.infer<typeof Movement>;

/** Adds units to a variant or takes some away, once per key. `owner` null is staff. */
export const changeStock = (
  ctx: Catalog,
  id: string,
  body: z.infer<typeof ChangeStock>,
  owner: string | null,
  key: Key,
): Promise<MovementView | Replayed<MovementView>> => {
  const movementId = derivedId('stock', key.principal, key.value);
  return once<MovementView, MovementView>(key, {
    async make() {
      const variantId = (await chosenVariant(ctx, id, body.variantId, owner)).id;
      const { movement, replayed } = await ctx.inventory.change({ key: movementId, variantId, change: body.change, reason: body.reason });
      return replayed ? undefined : movement;
    },
    async find() {
      const { movement } = await ctx.inventory.movement({ id: movementId });
      if (movement && !isOf(movement, body, await everyVariant(ctx, id, owner, true))) throw keyReused();
      return movement ?? undefined;
    },
    answer: (movement) => movement,
  });
};

/** Whether a movement is what this body asks for, of one of these variants. */
const isOf = (movement: MovementView, body: z.infer<typeof ChangeStock>, variantIds: readonly string[]): boolean =>
  movement.change === body.change &&
  movement.reason === body.reason &&
  variantIds.includes(movement.variantId) &&
  (body.variantId === undefined || body.variantId === movement.variantId);

async function chosenVariant(ctx: Catalog, id: string, variantId: string | undefined, owner: string | null): Promise<{ id: string }> {
  const variants = await ctx.db.many<{ id: string; options: Record<string, string> }>(sql`
    select variant.id, variant.options from catalog.products product join catalog.variants variant on variant.product_id = product.id
    where product.id = ${id} and product.state <> 'archived' and (${owner}::uuid is null or product.seller_id = ${owner}::uuid) order by variant.position`);
  const [variant, ...others] = variants.filter((known) => variantId === undefined || known.id === variantId);
  if (!variant) throw notFound();
  if (others.length > 0) throw variantNeeded({ productId: id, variants });
  return variant;
}

/** Writes off what removed variants have in stock. Repeating it changes nothing. */
export const closeStock = async (ctx: Catalog, { variantIds }: { variantIds: string[] }): Promise<void> => {
  await ctx.inventory.close({ variantIds });
};

/** All that happened to a product's stock, newest first; variants that were removed are among it. */
export function stockHistory(
  ctx: Catalog,
  id: string,
  query: z.infer<typeof StockQuery>,
  owner: string | null,
): Promise<Page<MovementView>> {
  return pageOf(ctx, `stock:${id}`, query, {
    async rows(after, limit) {
      const variantIds = await everyVariant(ctx, id, owner, false);
      if (variantIds.length === 0) throw notFound();
      return ctx.inventory.movements({ variantIds, after: idIn(after), limit });
    },
    position: (movement) => [movement.id],
    item: (movement) => movement,
  });
}

/** Every variant that a product has or had, newest first; 500 at most. */
async function everyVariant(ctx: Catalog, id: string, owner: string | null, evenArchived: boolean): Promise<string[]> {
  const rows = await ctx.db.many<{ id: string }>(sql`
    select variant.id from catalog.products product
    cross join lateral (
      select id from catalog.variants where product_id = product.id union all select id from catalog.removed_variants where product_id = product.id
    ) as variant
    where product.id = ${id} and (${evenArchived}::boolean or product.state <> 'archived') and (${owner}::uuid is null or product.seller_id = ${owner}::uuid)
    order by variant.id desc limit 500`);
  return rows.map((row) => row.id);
}
