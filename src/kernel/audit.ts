import { z } from 'zod';
import { networkOf } from './addresses.ts';
import type { Actor, BaseContext, Context, RequestScope } from './context.ts';
import { idIn, pageOf } from './cursors.ts';
import { type Database, join, type Sql, sql } from './database.ts';
import { newId } from './ids.ts';
import { callInsert } from './keyed-calls.ts';
import { oneStatement } from './one-statement.ts';
import type { Problem } from './problems.ts';
import { get, permitted, type Route } from './routes.ts';
import { Cursor, Id, Limit, page, Time } from './shapes.ts';

const AuditEntry = z
  .object({
    id: Id,
    at: Time,
    actor: z.object({ kind: z.string(), id: z.string().nullable() }),
    operation: z.string(),
    subject: z.string().nullable(),
    outcome: z.enum(['done', 'refused']),
    status: z.int(),
    network: z.string().nullable().meta({ description: 'Network that the call came from: /24 of IPv4, /48 of IPv6' }),
    requestId: z.string(),
  })
  .meta({ id: 'AuditEntry' });

export interface Audited {
  at: Date;
  actor: Actor;
  request: RequestScope;
  subject: string | null;
  outcome: 'done' | 'refused';
  status: number;
}

const SUBJECT_LENGTH = 64;

/** The entry of a call, and the row of its key where the kernel remembers that: written together, with the change that they record. */
export const entriesOf = (entry: Audited): Sql[] => {
  const { keyed } = entry.request;
  const subject = entry.subject?.slice(0, SUBJECT_LENGTH) ?? null;
  return [...(keyed && entry.outcome === 'done' ? [callInsert(keyed, { subject, at: entry.at })] : []), auditInsert({ ...entry, subject })];
};

const auditInsert = (entry: Audited): Sql => sql`
  insert into kernel.audit (id, at, actor_kind, actor_id, operation, subject, outcome, status, network, request_id)
  values (${newId()}, ${entry.at}, ${entry.actor.kind}, ${entry.actor.id || null}, ${entry.request.operation}, ${entry.subject},
          ${entry.outcome}, ${entry.status}, ${networkOf(entry.request.address)}, ${entry.request.id})`;

const AuditQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  actor: Id.optional().meta({ description: 'Only what this account or API key did' }),
  operation: z.string().max(100).optional().meta({ description: 'Only calls of this operation id', example: 'postOrders' }),
});

interface Row {
  id: string;
  at: Date;
  actor_kind: string;
  actor_id: string | null;
  operation: string;
  subject: string | null;
  outcome: string;
  status: number;
  network: string | null;
  request_id: string;
}

const listAudit = (ctx: Context, { actor, operation, ...query }: z.infer<typeof AuditQuery>) =>
  pageOf(ctx, `audit:${actor ?? ''}:${operation ?? ''}`, query, {
    rows: (after, count) => ctx.db.many<Row>(auditPage({ actor, operation, after: idIn(after), count })),
    position: (row) => [row.id],
    item: ({ actor_kind, actor_id, request_id, ...row }) => ({
      ...row,
      at: row.at.toISOString(),
      outcome: row.outcome as 'done' | 'refused',
      actor: { kind: actor_kind, id: actor_id },
      requestId: request_id,
    }),
  });

const auditPage = (query: { actor?: string; operation?: string; after: string | null; count: number }): Sql => {
  const conditions = [sql`true`];
  if (query.actor) conditions.push(sql`actor_id = ${query.actor}`);
  if (query.operation) conditions.push(sql`operation = ${query.operation}`);
  if (query.after) conditions.push(sql`id < ${query.after}`);
  return sql`
    select id, at, actor_kind, actor_id, operation, subject, outcome, status, network, request_id
    from kernel.audit where ${join(conditions, ' and ')} order by id desc limit ${query.count}`;
};

export const auditRoutes = [
  get('/audit', {
    summary: 'The audit trail',
    description:
      'Every state-changing call, every refusal of permission, of a password, a code or an API key, and every reading of personal data by staff, newest first. Entries hold ids only.',
    access: permitted('audit:read'),
    query: AuditQuery,
    returns: page(AuditEntry),
    problems: [],
    handle: (ctx: Context, { query }) => listAudit(ctx, query),
  }),
];

/** Writes an entry by itself, for calls that had no transaction to ride on. */
export const writeAudit = (db: Database, entry: Audited): Promise<number> => db.execute(oneStatement(entriesOf(entry)));

/**
 * Says whose personal data a call shows; null where it is that of several. Where it is not the caller's own, an entry is written.
 */
export function readsDataOf({ request, actor }: Pick<BaseContext, 'request' | 'actor'>, accountId: string | null): void {
  if (!request || accountId === actor.id) return;
  request.readsOthers = true;
  request.subject ??= accountId;
}

/**
 * Whether a refusal leaves an entry. Refused keys, and what callers try who are not signed in, come here only after their narrow
 * limits were counted: a caller beyond a limit is refused with 429, which leaves none.
 */
export function isAuditedRefusal({ spec }: Route, { actor, isKey, problem }: { actor: Actor; isKey: boolean; problem: Problem }): boolean {
  const { status } = problem;
  if (status === 401 && isKey) return true;
  if (spec.audits === 'refusals' && (status === 401 || status === 403)) return actor.kind !== 'anonymous' || spec.access.kind === 'anyone';
  const isTheirs = spec.access.kind === 'own-account' || spec.access.kind === 'owned';
  return actor.kind !== 'anonymous' && (status === 403 || (status === 404 && isTheirs));
}
