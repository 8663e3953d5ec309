import { z } from 'zod';
import type { QueueEngine } from '#adapters/queue/port.ts';
import type { Context } from './context.ts';
import { notFound } from './problems.ts';
import { get, permitted, post, type Route } from './routes.ts';
import { Id, Time } from './shapes.ts';

const DeadLetter = z
  .object({ id: Id, queue: z.string(), subjects: z.array(z.string()), reason: z.string().nullable(), tries: z.int(), at: Time })
  .meta({ id: 'DeadLetter', description: 'Work that failed at every attempt. Its payload stays in the database' });

/** Work that was given up: looked at, and tried again. */
export const deadLetterRoutes = (deadLetters: QueueEngine['deadLetters']): Route[] => [
  get('/dead-letters', {
    summary: 'List failed background work',
    description: 'The newest 100 jobs and events that failed at every attempt, with the reason of the last one.',
    access: permitted('jobs:manage'),
    returns: z.object({ items: z.array(DeadLetter) }),
    problems: [],
    handle: async (_: Context) => ({ items: (await deadLetters.list(100)).map((letter) => ({ ...letter, at: letter.at.toISOString() })) }),
  }),
  post('/dead-letters/{id}/retry', {
    summary: 'Retry failed background work',
    description:
      'Puts the job or event back into its queue. It runs as if it were new; its effect is the same whether it runs once or twice.',
    access: permitted('jobs:manage'),
    returns: z.object({ retried: z.int() }),
    problems: [],
    handle: async (_: Context, { params }) => {
      if (!(await deadLetters.retry(params.id))) throw notFound();
      return { retried: 1 };
    },
  }),
];
