import { z } from 'zod';
import { raw, type Sql, sql } from '#kernel/database.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { Id, Time } from '#kernel/shapes.ts';
import { decisions, reasons, Subject } from '#moderation';
import { type Decision, type ItemState, itemMachine } from './item-state.ts';

export const Item = z
  .object({
    id: Id,
    subject: Subject,
    author: Id,
    reason: z.enum(reasons).meta({ description: 'Why it waits: the words themselves, or people who flagged it' }),
    rules: z.array(z.string()).meta({ description: 'Names of the rules that fired', example: ['english/insult'] }),
    excerpt: z.string().nullable().meta({ description: 'What was written, at most 1000 characters; null once its author was erased' }),
    state: itemMachine.State,
    decision: z.enum(decisions).nullable().meta({ example: null }),
    decisionReason: z.string().nullable().meta({ example: null }),
    decidedBy: Id.nullable().meta({ example: null }),
    decidedAt: Time.nullable().meta({ example: null }),
    createdAt: Time,
  })
  .meta({ id: 'ModerationItem' });
export type Item = z.infer<typeof Item>;

export interface ItemRow {
  id: string;
  subject_kind: string;
  subject_id: string;
  author: string;
  reason: Item['reason'];
  rules: string[];
  excerpt_sealed: string | null;
  state: ItemState;
  decision: Decision | null;
  decision_reason: string | null;
  decided_by: string | null;
  decided_at: Date | null;
  created_at: Date;
}

const EXCERPT_CHARACTERS = 1000;

/** Binds an excerpt to its item, so that a swap of two is noticed. */
export const excerptPlace = (id: string): string => `moderation.excerpt:${id}`;

/** The beginning of a text, sealed. Whole characters: a cut surrogate pair would not come back. */
export const sealExcerpt = (secrets: Secrets, id: string, text: string): string =>
  secrets.seal([...text].slice(0, EXCERPT_CHARACTERS).join(''), excerptPlace(id));

export const itemView = (secrets: Secrets, row: ItemRow): Item => ({
  id: row.id,
  subject: { kind: row.subject_kind, id: row.subject_id },
  author: row.author,
  reason: row.reason,
  rules: row.rules,
  excerpt: row.excerpt_sealed === null ? null : secrets.unseal(row.excerpt_sealed, excerptPlace(row.id)),
  state: row.state,
  decision: row.decision,
  decisionReason: row.decision_reason,
  decidedBy: row.decided_by,
  decidedAt: row.decided_at?.toISOString() ?? null,
  createdAt: row.created_at.toISOString(),
});

const columns = raw(
  'id, subject_kind, subject_id, author, reason, rules, excerpt_sealed, state, decision, decision_reason, decided_by, decided_at, created_at',
);

type NewItem = Pick<ItemRow, 'id' | 'author' | 'reason' | 'rules' | 'excerpt_sealed' | 'created_at'> & { subject: Subject };

/** A new item, or the open one of that subject with the rules of both. Returns the id of the item. */
export const openItem = (item: NewItem): Sql => sql`
  insert into moderation.items as item (id, subject_kind, subject_id, author, reason, rules, excerpt_sealed, created_at)
  values (${item.id}, ${item.subject.kind}, ${item.subject.id}, ${item.author}, ${item.reason},
          array(select distinct rule from unnest(${item.rules}::text[]) as rule order by rule), ${item.excerpt_sealed}, ${item.created_at})
  on conflict (subject_kind, subject_id) where state = 'open' do update
  set rules = (array(select distinct rule from unnest(item.rules || excluded.rules) as rule order by rule))[:100]
  returning item.id`;

interface Verdict {
  decision: Decision;
  reason: string | null;
  by: string;
  at: Date;
}

const decide = ({ decision, reason, by, at }: Verdict): Sql => sql`
  update moderation.items set state = 'decided', decision = ${decision}, decision_reason = ${reason}, decided_by = ${by}, decided_at = ${at}`;

/** Decides an open item; no row comes back when it is decided already or was never there. */
export const decideOpen = (id: string, verdict: Verdict): Sql =>
  sql`${decide(verdict)} where id = ${id} and ${itemMachine.allows(verdict.decision)} returning ${columns}`;

export const decideSubject = (subject: Subject, verdict: Verdict): Sql =>
  sql`${decide(verdict)} where subject_kind = ${subject.kind} and subject_id = ${subject.id} and ${itemMachine.allows(verdict.decision)}`;

export const itemById = (id: string): Sql => sql`select ${columns} from moderation.items where id = ${id}`;

export const reasonOf = (id: string): Sql => sql`select decision_reason as reason from moderation.items where id = ${id}`;

/** Takes out of an author's items what was written, by the author or of it. */
export const eraseWords = (author: string): Sql => sql`
  update moderation.items set excerpt_sealed = null, decision_reason = null
  where author = ${author} and (excerpt_sealed is not null or decision_reason is not null)`;

/** Where a page ended: the id, and of a decided item also when. */
export type Position = readonly [id: string, decidedAt: string | null];

interface QueuePage {
  state: ItemState;
  kind: string | undefined;
  after: Position | undefined;
  rows: number;
}

/** Open items oldest first, decided ones newest first. The state is in the SQL text, so that the planner finds its partial index. */
export const queuePage = ({ state, kind, after, rows }: QueuePage): Sql => {
  const ofKind = kind === undefined ? sql`` : sql`and subject_kind = ${kind}`;
  if (state === 'open') {
    return sql`
      select ${columns}, null as decided_text from moderation.items
      where state = 'open' ${ofKind} ${after ? sql`and id > ${after[0]}` : sql``} order by id limit ${rows}`;
  }
  return sql`
    select ${columns}, decided_at::text as decided_text from moderation.items
    where state = 'decided' ${ofKind} ${after ? sql`and (decided_at, id) < (${after[1]}::timestamptz, ${after[0]}::uuid)` : sql``}
    order by decided_at desc, id desc limit ${rows}`;
};
