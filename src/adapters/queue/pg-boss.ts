import { PgBoss, type QueueResult } from 'pg-boss';
import { ofId } from './of-id.ts';
import type { DeadLetter, Message, OpenQueue, QueuedWork, QueuePolicy, SqlRunner, Work } from './port.ts';

const SCHEMA = 'pgboss';
const DEAD_LETTERS = 'dead-letters';
/** Of every queue. What was worked on stays for a while, to be looked at. */
const COMMON = { heartbeatSeconds: 10, deleteAfterSeconds: 600, retentionSeconds: 30 * 86_400 };
const UNKNOWN: QueuePolicy = { seconds: 60, retries: 8, retryDelaySeconds: 1 };
const SUPERVISION = { superviseIntervalSeconds: 5, monitorIntervalSeconds: 5, maintenanceIntervalSeconds: 60 };
/** Our own process ends work whose time is over; the engine does where that process hangs. */
const GRACE_SECONDS = 10;

/** Queues in the database of Souk, by pg-boss: messages are written to its tables and taken from them, in our transactions. */
export const pgBossQueue: OpenQueue = ({ sql, log }) => {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => sql.raw(text, values) },
    schema: SCHEMA,
    schedule: false,
    ...SUPERVISION,
  });
  /** For the statements of every message. Their texts name the queue, so there are some for each. */
  const repeated = (runner: SqlRunner) => ({ db: { executeSql: (text: string, values?: unknown[]) => runner.raw(text, values, true) } });
  boss.on('error', (error) => log.error({ err: error }, 'the job queue reported an error'));
  const known = new Set<string>();

  const ensure = async (queue: string): Promise<void> => {
    if (known.has(queue)) return;
    if (!(await boss.getQueue(queue))) await boss.createQueue(queue, { ...optionsOf(UNKNOWN), deadLetter: DEAD_LETTERS });
    known.add(queue);
  };

  const waiting = async (queues: readonly string[]): Promise<Map<string, number>> => {
    const { rows } = await sql.raw(
      `select name, sum(jsonb_array_length(data -> 'rows'))::int as count from pgboss.job
       where name = any($1::text[]) and state < 'completed' group by name`,
      [queues],
    );
    return new Map((rows as { name: string; count: number }[]).map(({ name, count }) => [name, count]));
  };

  return {
    schema: SCHEMA,
    async start() {
      await boss.start();
      if (!(await boss.getQueue(DEAD_LETTERS))) await boss.createQueue(DEAD_LETTERS, { retentionSeconds: 365 * 86_400 });
    },
    async declare(queues) {
      const there = new Map((await boss.getQueues()).map((queue) => [queue.name, queue]));
      for (const [name, policy] of queues) {
        const options = optionsOf(policy);
        const before = there.get(name);
        if (!before) await boss.createQueue(name, { ...options, deadLetter: DEAD_LETTERS });
        else if (differs(before, options)) await boss.updateQueue(name, options);
        known.add(name);
      }
    },
    async put(queue, messages, within) {
      await ensure(queue);
      const jobs = messages.map((rows) => ({ data: { rows } }));
      await boss.insert(queue, jobs, repeated(within ?? sql));
    },
    async due(queues) {
      const { rows } = await sql.raw(
        `select q.name from unnest($1::text[]) as q (name) cross join lateral (
           select from pgboss.job as j where j.name = q.name and j.state < 'active' and not j.blocked and j.start_after <= pgboss.job_now()
           order by j.priority desc, j.created_on limit 1) as first`,
        [queues],
        true,
      );
      return (rows as { name: string }[]).map(({ name }) => name);
    },
    waiting,
    async remove(queue) {
      const count = (await waiting([queue])).get(queue) ?? 0;
      known.delete(queue);
      await boss.deleteQueue(queue);
      return count;
    },
    async take(queue, limit) {
      const jobs = await boss.fetch<{ rows: Work[] }>(queue, { batchSize: limit, ...repeated(sql) });
      return jobs.map(({ id, retryCount, data }): Message => ({ id, attempt: retryCount, rows: data.rows }));
    },
    async done(queue, message) {
      await boss.complete(queue, attemptOf(message), undefined, repeated(sql));
    },
    async failed(queue, message, reason) {
      await boss.fail(queue, attemptOf(message), { message: reason });
    },
    async alive(queue, messages) {
      await boss.touch(queue, messages.map(attemptOf));
    },
    async takeOver() {
      const { rows } = await sql.raw(`select name, array_agg(id) as ids from pgboss.job where state = 'active' group by name`);
      for (const { name, ids } of rows as { name: string; ids: string[] }[])
        await boss.fail(name, ids, { message: 'its process was killed' });
    },
    async about(id, limit) {
      const { rows } = await sql.raw(
        `select name, source_name, state::text, retry_count, source_retry_count, coalesce(completed_on, created_on) as at, data,
                coalesce(source_output, output) ->> 'message' as reason
         from pgboss.job where strpos(data::text, $1) > 0 and state not in ('failed', 'cancelled') and (name <> $2 or state < 'active')
         order by created_on limit $3`,
        [id, DEAD_LETTERS, limit],
      );
      return { work: (rows as AboutRow[]).map((row) => workOf(row, id)), isComplete: true };
    },
    deadLetters: {
      async count() {
        const { rows } = await sql.raw(`select count(*)::int as count from pgboss.job where name = $1 and state < 'active'`, [
          DEAD_LETTERS,
        ]);
        return (rows[0] as { count: number }).count;
      },
      async list({ limit, queue = null, after }) {
        const { rows } = await sql.raw(
          `select id, data, created_on as at, created_on::text as position, source_name as queue, source_retry_count as retries, source_output ->> 'message' as reason
           from pgboss.job where name = $1 and state < 'active' and ($3::text is null or source_name = $3)
             and ($4::timestamptz is null or (created_on, id) < ($4::timestamptz, $5::uuid))
           order by created_on desc, id desc limit $2`,
          [DEAD_LETTERS, limit, queue, after?.at ?? null, after?.id ?? null],
        );
        return (rows as Row[]).map(letterOf);
      },
      retry: async (id) => (await boss.redrive(DEAD_LETTERS, { ids: [id] })) > 0,
    },
    state: () => 'ok', // it is away only when the database is, and that is reported elsewhere
    stop: () => boss.stop({ graceful: false, close: false }),
  };
};

const attemptOf = ({ id, attempt }: Message) => ({ id, retryCount: attempt });

const optionsOf = ({ seconds, retries, retryDelaySeconds }: QueuePolicy) => ({
  ...COMMON,
  retryLimit: retries,
  expireInSeconds: seconds + GRACE_SECONDS,
  retryDelay: retryDelaySeconds,
  retryBackoff: retryDelaySeconds > 0,
  ...(retryDelaySeconds > 0 ? { retryDelayMax: 600 } : {}),
});

const differs = (queue: QueueResult, options: ReturnType<typeof optionsOf>): boolean =>
  Object.entries(options).some(([name, value]) => queue[name as keyof QueueResult] !== value);

interface AboutRow {
  name: string;
  source_name: string | null;
  state: 'created' | 'retry' | 'active' | 'completed';
  retry_count: number;
  source_retry_count: number | null;
  at: Date;
  data: { rows?: Work[] } | null;
  reason: string | null;
}

const STATES = { created: 'waiting', retry: 'waiting', active: 'running', completed: 'done' } as const;

function workOf({ name, source_name, state, retry_count, source_retry_count, at, data, reason }: AboutRow, id: string): QueuedWork {
  const told = { ...ofId(data?.rows ?? [], id), at: new Date(at) };
  if (name === DEAD_LETTERS)
    return { ...told, queue: source_name ?? 'unknown', state: 'dead letter', tries: (source_retry_count ?? 0) + 1, reason };
  return {
    ...told,
    queue: name,
    state: STATES[state],
    tries: retry_count + (state === 'retry' ? 1 : 0),
    reason: state === 'completed' ? null : reason,
  };
}

interface Row {
  position: string;
  id: string;
  data: { rows?: Work[] } | null;
  at: Date;
  queue: string | null;
  retries: number | null;
  reason: string | null;
}

const letterOf = ({ id, data, at, position, queue, retries, reason }: Row): DeadLetter => ({
  id,
  queue: queue ?? 'unknown',
  subjects: (data?.rows ?? []).flatMap(({ subject }) => (subject ? [subject] : [])),
  reason,
  tries: (retries ?? 0) + 1,
  at: new Date(at),
  position,
});
