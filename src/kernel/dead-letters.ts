import { z } from 'zod';
import type { DeadLetter as Letter, QueueEngine } from '#adapters/queue/port.ts';
import type { Context } from './context.ts';
import { pageOf } from './cursors.ts';
import { sql } from './database.ts';
import { notFound } from './problems.ts';
import { get, permitted, post, type Route } from './routes.ts';
import { Cursor, Id, Limit, page, Time } from './shapes.ts';

const QueueName = z.string().min(1).max(200).meta({ description: 'Only of this queue', example: 'reviews/orders.order-placed.v1' });

const DeadLettersQuery = z.object({ limit: Limit, cursor: Cursor, queue: QueueName.optional() });

const DeadLetter = z
  .object({ id: Id, queue: z.string(), subjects: z.array(z.string()), reason: z.string().nullable(), tries: z.int(), at: Time })
  .meta({ id: 'DeadLetter', description: 'Work that failed at every attempt. Its payload stays in the database' });

type DeadLetters = QueueEngine['deadLetters'];

const listDeadLetters = (deadLetters: DeadLetters, ctx: Context, { queue, ...query }: z.infer<typeof DeadLettersQuery>) =>
  pageOf(ctx, `dead-letters:${queue ?? ''}`, query, {
    rows: (after, limit) => deadLetters.list({ limit, queue, after: after && { at: String(after[0]), id: String(after[1]) } }),
    position: ({ position, id }: Letter) => [position, id],
    item: ({ position: _, at, ...letter }) => ({ ...letter, at: at.toISOString() }),
  });

const AT_ONCE = 200;

/** Puts up to 200 dead letters back, those first that were found first. @returns how many, and whether there are more. */
export async function retryDeadLetters(deadLetters: DeadLetters, queue?: string): Promise<{ retried: number; isMore: boolean }> {
  const letters = await deadLetters.list({ limit: AT_ONCE + 1, queue });
  let retried = 0;
  for (const { id } of letters.slice(0, AT_ONCE).reverse()) if (await deadLetters.retry(id)) retried++;
  return { retried, isMore: letters.length > AT_ONCE };
}

/** Puts a dead letter back. Calls about one letter take turns, so that one that comes second knows how the first ended. @throws notFound */
const retryDeadLetter = (deadLetters: DeadLetters, ctx: Context, id: string): Promise<{ retried: number }> =>
  ctx.db.transaction(async (tx) => {
    await tx.execute(sql`select pg_advisory_xact_lock(7281005, hashtext(${id}))`);
    if (!(await deadLetters.retry(id))) throw notFound();
    return { retried: 1 };
  });

/** Work that was given up: looked at, and tried again. */
export const deadLetterRoutes = (deadLetters: DeadLetters): Route[] => [
  get('/dead-letters', {
    summary: 'List failed background work',
    description: 'The jobs and events that failed at every attempt, with the reason of the last one, newest first.',
    access: permitted('jobs:manage'),
    query: DeadLettersQuery,
    returns: page(DeadLetter),
    problems: [],
    handle: (ctx: Context, { query }) => listDeadLetters(deadLetters, ctx, query),
  }),
  post('/dead-letters/retry', {
    summary: 'Retry all failed background work',
    description:
      'Puts the newest 200 dead letters back into their queues, or those of one queue. `isMore` says that others are left: call again for them.',
    access: permitted('jobs:manage'),
    body: z
      .strictObject({ queue: QueueName.optional() })
      .meta({ id: 'RetryDeadLetters', example: { queue: 'reviews/orders.order-placed.v1' } }),
    returns: z.object({ retried: z.int(), isMore: z.boolean() }).meta({ example: { retried: 3, isMore: false } }),
    problems: [],
    handle: (_: Context, { body }) => retryDeadLetters(deadLetters, body.queue),
    actsAgain: 'A repeated call puts back what has failed since: each of them has its effect once.',
  }),
  post('/dead-letters/{id}/retry', {
    summary: 'Retry failed background work',
    description:
      'Puts the job or event back into its queue. It runs as if it were new; its effect is the same whether it runs once or twice.',
    access: permitted('jobs:manage'),
    returns: z.object({ retried: z.int() }),
    problems: [],
    handle: (ctx: Context, { params }) => retryDeadLetter(deadLetters, ctx, params.id),
    again: async () => ({ retried: 1 }),
  }),
];
