import { z } from 'zod';
import type { Cause } from '#kernel/cause.ts';
import type { BaseContext } from '#kernel/context.ts';
import { type Client, contract, operation } from '#kernel/contracts.ts';
import type { Transaction } from '#kernel/database.ts';
import { event, on } from '#kernel/events.ts';
import { problem } from '#kernel/problems.ts';
import { Id } from '#kernel/shapes.ts';

/** The result for a text, mildest first: it is shown, a person looks at it, or it is refused at once. */
export const verdicts = ['allow', 'review', 'block'] as const;
export type Verdict = (typeof verdicts)[number];

/** What somebody wrote, as moderation knows it: a kind that the owning module chose (`review`, `message`) and an id. */
export const Subject = z
  .object({ kind: z.string().min(1).max(60), id: Id })
  .meta({ id: 'ModerationSubject', example: { kind: 'review', id: '0199c0de-7d5a-7c31-9f3e-5b2a4c6d8e01' } });
export type Subject = z.infer<typeof Subject>;

/** Why something waits: the words themselves, or people who flagged it. */
export const reasons = ['screening', 'flags'] as const;

export const decisions = ['approve', 'remove', 'flag'] as const;

/** For the owning module to throw when the verdict is `block`. Names the rules, never the words. */
export const textRefused = problem({
  code: 'moderation/text-refused',
  status: 422,
  title: 'The text is not allowed here',
  members: { rules: z.array(z.string()) },
  detail: ({ rules }) => `The text breaks these rules: ${rules.join(', ')}. Remove what they name and send it again.`,
});

/**
 * A moderator has decided; the owner of the subject shows or removes it. It is not sent for what the owner decided by itself. Why is asked
 * with `reasonOf`: a reason may repeat what somebody wrote, and events are kept.
 */
export const decided = event(
  'moderation.decided',
  2,
  z.object({ itemId: Id, subject: z.object({ kind: z.string(), id: Id }), decision: z.enum(['approve', 'remove']), by: Id }),
);

/** It is done, and there is nothing else to report. */
const Done = z.object({});
export type Done = z.infer<typeof Done>;

const Rules = z.array(z.string().min(1).max(60)).max(50);

export const moderation = contract('moderation', {
  operations: {
    /** The gravest verdict on the texts, and the names of the rules that fired. Reads no database. */
    screen: operation({
      input: z.object({ texts: z.array(z.string()).max(100) }),
      output: z.object({ verdict: z.enum(verdicts), rules: z.array(z.string()) }),
    }),
    /** Asks a person to look. While a subject waits it has one item: asked again, the rules are united and the rest stays. */
    enqueue: operation({
      input: z.object({ subject: Subject, author: Id, reason: z.enum(reasons), rules: Rules, excerpt: z.string() }),
      output: z.object({ id: Id }),
    }),
    /** The owning module has decided by its own route: nobody needs to look any more. Repeating it changes nothing. */
    resolve: operation({
      input: z.object({ subject: Subject, decision: z.enum(decisions), reason: z.string().max(500).nullable(), by: Id }),
      output: Done,
    }),
    /** The reason of a decision; null if none was given, or the author was erased. */
    reasonOf: operation({ input: z.object({ itemId: Id }), output: z.object({ reason: z.string().nullable() }) }),
  },
  events: { decided },
});

/**
 * Whether texts must wait for a moderator before they are shown, and for which rules. Called before they are stored.
 * @throws textRefused when they may not be stored at all.
 */
export async function screened(
  ctx: { moderation: Client<typeof moderation> },
  texts: string[],
): Promise<{ waits: boolean; rules: string[] }> {
  const { verdict, rules } = await ctx.moderation.screen({ texts });
  if (verdict === 'block') throw textRefused({ rules });
  return { waits: verdict === 'review', rules };
}

/** What a moderator decided about a text of the module, and when: what was written later was not read. */
interface Decision {
  id: string;
  itemId: string;
  decision: 'approve' | 'remove';
  by: string;
  decidedAt: string;
}

/** Subscribes a module to the decisions about its kind of text. `obey` asks for a job, since it may come twice or fail. */
export const onDecisions = (kind: string, obey: (tx: Transaction, decision: Decision, cause: Cause | null) => void) =>
  on(decided, (ctx: BaseContext, events) =>
    ctx.db.transaction(async (tx) => {
      for (const { payload, at, cause } of events.filter(({ payload }) => payload.subject.kind === kind)) {
        const { subject, ...decision } = payload;
        obey(tx, { ...decision, id: subject.id, decidedAt: at.toISOString() }, cause);
      }
    }),
  );
