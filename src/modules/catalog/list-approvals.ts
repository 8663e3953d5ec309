import { z } from 'zod';
import { pageOf } from '#kernel/cursors.ts';
import { type Sql, sql } from '#kernel/database.ts';
import { Cursor, Id, Limit, Time } from '#kernel/shapes.ts';
import type { Catalog } from './context.ts';

export const ApprovalsQuery = z.object({ limit: Limit, cursor: Cursor });

/** More are not counted. */
const MOST_COUNTED = 10_000;

const Approval = z
  .object({
    product: z.object({ id: Id, name: z.string(), seller: z.object({ id: Id, username: z.string() }) }),
    waits: z
      .array(z.enum(['product', 'name', 'description', 'translations', 'images']))
      .meta({ description: 'The whole product, or the parts of an approved product that are to change', example: ['name'] }),
    awaitsImage: z
      .boolean()
      .meta({ description: 'The image that it was announced with has not come: it cannot be approved yet', example: false }),
    since: Time,
    ageSeconds: z.int().meta({ example: 5400 }),
  })
  .meta({ id: 'ProductApproval' });

export const Approvals = z.object({
  items: z.array(Approval),
  count: z.int().meta({ description: `How many wait; ${MOST_COUNTED} means that many or more`, example: 12 }),
  nextCursor: z.string().nullable(),
});

interface WaitingRow {
  id: string;
  name: string;
  seller_id: string;
  seller_username: string;
  changes: z.infer<typeof Approval>['waits'] | null;
  awaits_image: boolean;
  since: Date;
  position: string;
}

/** What waits for a reviewer, the longest first, with the age of each and the number of all. */
export async function listApprovals(ctx: Catalog, query: z.infer<typeof ApprovalsQuery>): Promise<z.infer<typeof Approvals>> {
  const now = ctx.clock.now().getTime();
  const page = await pageOf(ctx, 'approvals', query, {
    rows: (after, limit) => ctx.db.many<WaitingRow>(waitingPage(after as [string, string] | undefined, limit)),
    position: ({ position, id }) => [position, id],
    item: ({ id, name, seller_id, seller_username, changes, awaits_image: awaitsImage, since }): z.infer<typeof Approval> => ({
      product: { id, name, seller: { id: seller_id, username: seller_username } },
      waits: changes ?? ['product'],
      awaitsImage,
      since: since.toISOString(),
      ageSeconds: Math.max(0, Math.floor((now - since.getTime()) / 1000)),
    }),
  });
  const { count } = await ctx.db.one<{ count: number }>(waitingCount);
  return { items: page.items, count, nextCursor: page.nextCursor };
}

const WAITS = sql`(state = 'submitted' or pending is not null)`;

export const waitingPage = (after: [string, string] | undefined, rows: number): Sql => sql`
  select id, name, seller_id, seller_username, case when pending is not null then array(select jsonb_object_keys(pending)) end as changes,
         image_due_at is not null and coalesce((select true from catalog.product_images where product_id = products.id and image is null limit 1), false) as awaits_image,
         coalesce(waiting_since, created_at) as since, coalesce(waiting_since, created_at)::text as position
  from catalog.products
  where ${WAITS} ${after ? sql`and (coalesce(waiting_since, created_at), id) > (${after[0]}::timestamptz, ${after[1]}::uuid)` : sql``}
  order by coalesce(waiting_since, created_at), id limit ${rows}`;

export const waitingCount: Sql = sql`
  select count(*)::int as count from (select from catalog.products where ${WAITS} limit ${MOST_COUNTED}) as waiting`;
