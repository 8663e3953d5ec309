import type { QueuedWork, QueueEngine } from '#adapters/queue/port.ts';
import type { Context } from './context.ts';
import { sql } from './database.ts';
import type { Explained, Which } from './explain.ts';

const MOST_OF_EACH = 300;

/** What the kernel knows of an order: who called for it, what waits to be sent, and the work that queues hold for it. */
export const explainOrder =
  (engine: Pick<QueueEngine, 'about'>) =>
  async ({ db, clock }: Context, { id }: Which): Promise<Explained[]> => {
    const calls = await db.many<Call>(sql`
      select at, actor_kind, actor_id, operation, outcome, status, request_id from kernel.audit where subject = ${id} order by id limit ${MOST_OF_EACH}`);
    const unsent = await db.many<Unsent>(sql`
      select kind, name, created_at, not_before from kernel.outbox
      where sent_at is null and (subject = ${id} or strpos(payload::text, ${id}) > 0) order by seq limit ${MOST_OF_EACH}`);
    const { work, isComplete } = await engine.about(id, MOST_OF_EACH);
    return [
      ...calls.map(tellCall),
      ...unsent.map(tellUnsent),
      ...work.map(tellWork),
      ...(isComplete
        ? []
        : [
            {
              at: clock.now().toISOString(),
              kind: 'job' as const,
              text: 'This queue cannot be looked into: only its dead letters are told.',
            },
          ]),
    ];
  };

interface Call {
  at: Date;
  actor_kind: string;
  actor_id: string | null;
  operation: string;
  outcome: string;
  status: number;
  request_id: string;
}

const tellCall = ({ at, actor_kind, actor_id, operation, outcome, status, request_id }: Call): Explained => ({
  at: at.toISOString(),
  kind: 'audit',
  text: `${operation} by ${actor_kind === 'user' ? (actor_id ?? 'a user') : [actor_kind, actor_id].filter(Boolean).join(' ')}: ${outcome} (${status})`,
  details: { request: request_id },
});

interface Unsent {
  kind: 'event' | 'job';
  name: string;
  created_at: Date;
  not_before: Date | null;
}

const tellUnsent = ({ kind, name, created_at, not_before }: Unsent): Explained => ({
  at: created_at.toISOString(),
  kind,
  text: `${name} waits to be sent${not_before ? `, until ${not_before.toISOString()}` : ''}`,
});

const tellWork = ({ kind, names, queue, state, tries, at, reason }: QueuedWork): Explained => ({
  at: at.toISOString(),
  kind,
  text: `${names.join(', ')}${queue.includes('/') ? ` to ${queue.split('/')[0]}` : ''}: ${state}${tries > 0 ? ` after ${tries === 1 ? 'one failure' : `${tries} failures`}` : ''}`,
  ...(reason === null ? {} : { details: { reason } }),
});
