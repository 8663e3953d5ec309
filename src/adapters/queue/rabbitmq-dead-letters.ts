import { newId } from '#kernel/ids.ts';
import { ofId } from './of-id.ts';
import type { DeadLetter, LetterQuery, QueuedWork, SqlRunner, Work } from './port.ts';

interface Letter extends Note {
  at: Date;
}

interface Note {
  queue: string;
  rows: Work[];
  reason: string;
  tries: number;
}

/** Dead letters in the database: a broker hands messages out one after another, and cannot list them. They stay for a year. */
export const deadLettersIn = (sql: SqlRunner) => ({
  async note({ queue, rows, reason, tries }: Note): Promise<void> {
    await sql.raw(
      `with old as (delete from kernel.dead_letters where at < now() - interval '365 days')
       insert into kernel.dead_letters (id, queue, rows, reason, tries) values ($1, $2, $3, $4, $5)`,
      [newId(), queue, JSON.stringify(rows), reason, tries],
    );
  },
  async count(): Promise<number> {
    const { rows } = await sql.raw('select count(*)::int as count from kernel.dead_letters');
    return (rows[0] as { count: number }).count;
  },
  async about(id: string, limit: number): Promise<QueuedWork[]> {
    const { rows } = await sql.raw(
      `select queue, rows, reason, tries, at from kernel.dead_letters where strpos(rows::text, $1) > 0 order by at limit $2`,
      [id, limit],
    );
    return (rows as Letter[]).map(({ rows, ...letter }) => ({ ...letter, ...ofId(rows, id), state: 'dead letter' }));
  },
  async list({ limit, queue, after }: LetterQuery): Promise<DeadLetter[]> {
    const { rows } = await sql.raw(
      `select id, queue, rows, reason, tries, at, at::text as position from kernel.dead_letters
       where ($2::text is null or queue = $2) and ($3::timestamptz is null or (at, id) < ($3::timestamptz, $4::uuid))
       order by at desc, id desc limit $1`,
      [limit, queue ?? null, after?.at ?? null, after?.id ?? null],
    );
    return (rows as (Letter & Pick<DeadLetter, 'id' | 'position'>)[]).map(({ rows, ...letter }) => ({
      ...letter,
      subjects: rows.flatMap(({ subject }) => (subject ? [subject] : [])),
    }));
  },
  /** @returns false when there is no such dead letter. Two who ask at once put it back twice, which is once in its effect. */
  async retry(id: string, put: (queue: string, rows: Work[]) => Promise<void>): Promise<boolean> {
    const found = await sql.raw('select queue, rows from kernel.dead_letters where id = $1', [id]);
    const letter = found.rows[0] as { queue: string; rows: Work[] } | undefined;
    if (!letter) return false;
    await put(letter.queue, letter.rows);
    await sql.raw('delete from kernel.dead_letters where id = $1', [id]);
    return true;
  },
});
