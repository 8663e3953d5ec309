import { z } from 'zod';
import { variantNeeded } from '#catalog';
import type { Movement } from '#inventory';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { sql } from '#kernel/database.ts';
import { derivedId } from '#kernel/ids.ts';
import { keyReused, notFound } from '#kernel/problems.ts';
import { type Key, type Replayed, replayed } from '#kernel/routes.ts';
import { Cursor, Id, Limit, line, type Page } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

export const ChangeStock = z.strictObject({
  variantId: Id.optional().meta({ description: 'Needed where the product has several variants' }),
  change: z
    .int('must be a whole number of pieces')
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .refine((pieces) => pieces !== 0, 'must not be zero')
    .meta({ description: 'Pieces added, or taken away when negative', example: 5 }),
  reason: line(200).meta({ example: 'delivery of Monday' }),
});

export const StockQuery = z.object({ limit: Limit, cursor: Cursor });

type MovementView = z.infer<typeof Movement>;

/** Adds pieces to a variant or takes some away, once per key. `owner` null is staff. */
export async function changeStock(
  ctx: Catalog,
  id: string,
  body: z.infer<typeof ChangeStock>,
  owner: string | null,
  key: Key,
): Promise<MovementView | Replayed<MovementView>> {
  const variants = await variantsFor(ctx, id, owner);
  const chosen = body.variantId === undefined ? variants : variants.filter((variant) => variant.id === body.variantId);
  const [variant, ...others] = chosen;
  if (!variant) throw notFound();
  if (others.length > 0) throw variantNeeded({ productId: id, variants });
  const change = { key: derivedId('stock', key.principal, key.value), variantId: variant.id, change: body.change, reason: body.reason };
  const { movement, replayed: isReplayed } = await ctx.inventory.change(change);
  if (movement.variantId !== variant.id || movement.change !== body.change || movement.reason !== body.reason) throw keyReused();
  return isReplayed ? replayed(movement) : movement;
}

/** All that happened to a product's stock, newest first. */
export async function stockHistory(
  ctx: Catalog,
  id: string,
  { limit, cursor }: z.infer<typeof StockQuery>,
  owner: string | null,
): Promise<Page<MovementView>> {
  const scope = `stock:${id}`;
  const after = (readCursor(ctx.secrets, scope, cursor)?.[0] ?? null) as string | null;
  const variants = await variantsFor(ctx, id, owner);
  const movements = await ctx.inventory.movements({ variantIds: variants.map((variant) => variant.id), after, limit: limit + 1 });
  const items = movements.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: movements.length > limit && last ? cursorAfter(ctx.secrets, scope, [last.id]) : null };
}

async function variantsFor(ctx: Catalog, id: string, owner: string | null): Promise<{ id: string; options: Record<string, string> }[]> {
  const variants = await ctx.db.many<{ id: string; options: Record<string, string> }>(sql`
    select variant.id, variant.options from catalog.products product join catalog.variants variant on variant.product_id = product.id
    where product.id = ${id} and product.state <> 'archived' and (${owner}::uuid is null or product.seller_id = ${owner}::uuid) order by variant.position`);
  if (variants.length === 0) throw notFound();
  return variants;
}
