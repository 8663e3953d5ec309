import type { PgBoss } from 'pg-boss';
import { z } from 'zod';
import type { Context } from './context.ts';
import { notFound } from './problems.ts';
import { get, permitted, post, type Route } from './routes.ts';
import { Id, Time } from './shapes.ts';
import { DEAD_LETTERS } from './work.ts';

const DeadLetter = z
  .object({ id: Id, queue: z.string(), subjects: z.array(z.string()), reason: z.string().nullable(), tries: z.int(), at: Time })
  .meta({ id: 'DeadLetter', description: 'Work that failed for good; its payload stays in the database' });

interface Letter {
  data: { rows?: { subject: string | null }[] } | null;
  sourceName?: string | null;
  sourceRetryCount?: number | null;
  sourceOutput?: { message?: string } | null;
}

/** Work that was given up: looked at, and tried again. */
export const deadLetterRoutes = (boss: () => PgBoss): Route[] => [
  get('/dead-letters', {
    summary: 'List failed background work',
    description: 'The newest 100 jobs and events that failed at every attempt, with the reason of the last one.',
    access: permitted('jobs:manage'),
    returns: z.object({ items: z.array(DeadLetter) }),
    problems: [],
    handle: async (_: Context) => {
      const jobs = await boss().findJobs(DEAD_LETTERS, { queued: true });
      return { items: jobs.slice(0, 100).map((job) => describe(job.id, job.createdOn, job as Letter)) };
    },
  }),
  post('/dead-letters/{id}/retry', {
    summary: 'Retry failed background work',
    description:
      'Puts the job or event back into its queue. It runs as if it were new; its effect is the same whether it runs once or twice.',
    access: permitted('jobs:manage'),
    returns: z.object({ retried: z.int() }),
    problems: [],
    handle: async (_: Context, { params }) => {
      const retried = await boss().redrive(DEAD_LETTERS, { ids: [params.id] });
      if (retried === 0) throw notFound();
      return { retried };
    },
  }),
];

const describe = (id: string, at: Date, letter: Letter) => ({
  id,
  queue: letter.sourceName ?? 'unknown',
  subjects: (letter.data?.rows ?? []).flatMap((row) => (row.subject ? [row.subject] : [])),
  reason: letter.sourceOutput?.message ?? null,
  tries: (letter.sourceRetryCount ?? 0) + 1,
  at: new Date(at).toISOString(),
});
