import { z } from 'zod';
import { type Product, productDecided, productPublished } from '#catalog';
import { type Sql, sql } from '#kernel/database.ts';
import { emit, enqueue } from '#kernel/events.ts';
import { demandVersion, type Precondition } from '#kernel/preconditions.ts';
import { notFound, problem } from '#kernel/problems.ts';
import { line } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';
import { pauseProductsJob } from './jobs.ts';
import { isSuspended } from './pause-products.ts';
import { lockProduct, type ProductRow, refreshed } from './product.ts';
import { forgetImages, forgetUnused, showImages } from './product-images.ts';
import { type ProductCommand, productMachine } from './product-state.ts';
import { translated } from './translations.ts';

export const RejectProduct = z.strictObject({ reason: line(500).meta({ example: 'The picture shows another product.' }) });

export const imageOutstanding = problem({
  code: 'catalog/image-outstanding',
  status: 409,
  title: 'The image has not come yet',
  detail:
    'The product was announced with an image whose file has not come, or is being checked. Approve it when the image is there or its time is up.',
});

interface Decision {
  command: ProductCommand;
  owner: string | null;
  ifMatch?: Precondition;
  reason?: string;
}

/**
 * Takes a product along its states (product-state.ts). Pending changes of an approved product are approved or rejected by
 * the same commands: it stays approved either way, and shows them or forgets them. If its seller is suspended at the same moment,
 * whichever commits second sees the other (pause-products.ts).
 * @throws imageOutstanding where a product that was never approved waits for the image that it was announced with
 */
export function decideProduct(ctx: Catalog, id: string, { command, owner, ifMatch, reason }: Decision): Promise<Product> {
  return ctx.db.transaction(async (tx) => {
    const row = await lockProduct(tx, id, owner);
    if (!row) throw notFound();
    demandVersion(ifMatch, row.version);
    const judgesPending = row.pending !== null && (command === 'approve' || command === 'reject');
    const decided = judgesPending ? row.state : productMachine.after(row.state, command);
    if (command === 'approve' && !judgesPending && (await tx.maybe(outstandingImage(id)))) throw imageOutstanding();
    const state = decided === 'approved' && (await isSuspended(tx, row.seller_id)) ? 'paused' : decided;
    const shown = judgesPending && command === 'approve' ? withPending(row) : row;
    await tx.execute(sql`
      update catalog.products
      set state = ${state}, name = ${shown.name}, description = ${shown.description}, translations = ${JSON.stringify(shown.translations)}::jsonb,
          pending = null, rejection = ${reason ?? null},
          image_due_at = ${command === 'approve' || state === 'archived' ? sql`null` : sql`image_due_at`},
          waiting_since = ${state === 'submitted' ? ctx.clock.now() : null}::timestamptz, version = version + 1
      where id = ${id}`);
    if (judgesPending && command === 'approve' && row.pending?.images) await showImages(tx, id, row.pending.images);
    if (judgesPending) await forgetUnused(tx, id, null);
    if (state === 'archived') await forgetImages(tx, [id]);
    if (state === 'approved' && row.state !== 'approved') emit(tx, productPublished, id, { productId: id, sellerId: row.seller_id });
    if (command === 'approve' || command === 'reject')
      emit(tx, productDecided, id, { productId: id, sellerId: row.seller_id, outcome: command === 'approve' ? 'approved' : 'rejected' });
    if (state === 'approved') enqueue(tx, pauseProductsJob, { accountId: row.seller_id }); // looks again once this is committed
    return refreshed(tx, id);
  });
}

/** Staff may have changed other translations meanwhile, so only the texts that wait are changed. @throws tooManyTranslations */
const withPending = (row: ProductRow): Pick<ProductRow, 'name' | 'description' | 'translations'> => ({
  ...{ ...row, ...row.pending },
  translations: translated(row.translations, row.pending?.translations ?? {}),
});

/** An announced file that is to come, of a product that was announced with one and has none yet. One that was refused or dropped is gone. */
const outstandingImage = (id: string): Sql => sql`
  select 1 from catalog.products product join catalog.product_images image on image.product_id = product.id
  where product.id = ${id} and product.image_due_at is not null and image.image is null limit 1`;
