import type { z } from 'zod';
import type { Cause } from './cause.ts';
import { type Sql, sql, type Transaction } from './database.ts';

/** Something that happened: past tense, a version, and a schema that never changes under that version. */
export interface EventKind<Payload extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly version: number;
  readonly payload: Payload;
}

export const event = <Payload extends z.ZodType>(name: string, version: number, payload: Payload): EventKind<Payload> => ({
  name,
  version,
  payload,
});

/** An event on its way to those who hear it. */
export interface Delivered<Payload> {
  id: string;
  subject: string;
  payload: Payload;
  at: Date;
  /** What led to it. Of events of one batch each has its own. */
  cause: Cause | null;
}

/**
 * Announces what this transaction does. It is written with the commit, or not at all, and delivered at least once;
 * a subscription acts on it once. Events hold ids and figures, never personal data. Its cause is that of the transaction, or the one that
 * is given.
 */
export function emit<P extends z.ZodType>(
  tx: Transaction,
  kind: EventKind<P>,
  subject: string,
  payload: z.infer<P>,
  { cause = null }: { cause?: Cause | null } = {},
): void {
  tx.pending.push({ kind: 'event', name: eventName(kind), subject, payload, notBefore: null, cause });
}

/**
 * Announces what a statement of this transaction will have done, without waiting for its rows: the statement leaves the payload in a
 * setting of the transaction (`leaving`). @throws Error where another statement of the transaction has left something in that place
 */
export function emitLeft<P extends z.ZodType>(tx: Transaction, kind: EventKind<P>, subject: string, place: string): void {
  const left = settingOf(place);
  if (tx.pending.some((row) => row.left === left))
    throw new Error(`Two statements of a transaction leave ${place}: the second would tell for both.`);
  tx.pending.push({ kind: 'event', name: eventName(kind), subject, payload: null, left, notBefore: null });
}

/** The column of a statement that leaves a JSON payload for `emitLeft`. */
export const leaving = (place: string, payload: Sql): Sql => sql`set_config(${settingOf(place)}, (${payload})::text, true)`;

/** Where a statement leaves it until the transaction ends. */
export const settingOf = (place: string): string => `souk.left_${place}`;

/** Signals every process that listens on a channel when this transaction has committed. A signal has no content: its listeners read what is new. */
export function signal(tx: Transaction, channel: string): void {
  tx.signals.add(channel);
}

/** What every process listens to: something that public replies show has changed. */
export const CHANGED_CHANNEL = 'souk_changed';

/**
 * Says that this transaction changes what public replies show, by the topics that their routes name (`ready`). Once it has committed,
 * this process gives no reply from before. Other processes are signalled too, unless `reach` is `here`: then they know after a second.
 * Telling them makes commits wait for each other, so it is not for what happens often.
 */
export function changed(tx: Transaction, topics: readonly string[], reach: 'here' | 'everywhere' = 'everywhere'): void {
  for (const topic of topics) tx.changed.add(topic);
  if (reach === 'everywhere' && topics.length > 0) tx.signals.add(CHANGED_CHANNEL);
}

/** The name that travels: `orders.order-placed.v1`. */
export const eventName = (kind: EventKind): string => `${kind.name}.v${kind.version}`;

/** How work is run. It belongs to a kind of job or to a subscription, never to a batch of them. */
export interface WorkPolicy {
  /** How long one run may take. A run that takes longer has failed: its statements are refused, and it is tried again. */
  readonly seconds: number;
  /** How many of the kind run at once in one process. */
  readonly parallel: number;
  /** Work of one lane shares the places of that lane, so that a flood in one lane holds up no other. */
  readonly lane: string;
  /** How many events or jobs travel in one message at most. They share its time, and those of a message that fails are tried again one by one. */
  readonly batch: number;
  /** How often it is tried again, with back-off, before it is a dead letter. */
  readonly retries: number;
}

/** Work that a module asks of itself: imperative, retried with back-off, then a dead letter. */
export interface JobKind<Input extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly input: Input;
  readonly policy: WorkPolicy;
}

/**
 * Declares a kind of job, without what it does: `jobs.ts` holds declarations only, so that code that asks for a job need not
 * import the code that does it. `module.ts` binds the two with `runs`.
 */
export const job = <Input extends z.ZodType>(name: string, input: Input, policy: Partial<WorkPolicy> = {}): JobKind<Input> => ({
  name,
  input,
  policy: { seconds: 30, parallel: 4, lane: 'jobs', batch: 1, retries: 8, ...policy },
});

/** One job of several that are done at once, with its own cause. */
export interface Asked<Input> {
  readonly input: Input;
  readonly cause: Cause | null;
}

/** A kind of job, and what this module does about all jobs of a message. */
export interface JobBinding<Ctx = never, Input extends z.ZodType = z.ZodType> {
  readonly kind: JobKind<Input>;
  readonly run: (contextOf: (cause: Cause | null) => Ctx, jobs: readonly Asked<z.infer<Input>>[]) => Promise<unknown>;
}

/** Binds a job to the operation that does it. It must be safe to run twice: a job runs at least once. */
export const runs = <Ctx, Input extends z.ZodType>(
  kind: JobKind<Input>,
  run: (ctx: Ctx, input: z.infer<Input>) => Promise<unknown>,
): JobBinding<Ctx, Input> => ({
  kind,
  run: async (contextOf, jobs) => {
    for (const { input, cause } of jobs) await run(contextOf(cause), input);
  },
});

/**
 * Binds a kind of job to an operation that does up to `batch` of them at once, which costs little more than one. It must be safe to run
 * twice, for each of them. If it throws, each job is tried again by itself: those that were done may be asked for again.
 */
export const runsTogether = <Ctx, Input extends z.ZodType>(
  kind: JobKind<Input>,
  run: (ctx: Ctx, jobs: readonly Asked<z.infer<Input>>[]) => Promise<unknown>,
): JobBinding<Ctx, Input> => ({
  kind,
  run: (contextOf, jobs) => run(contextOf(jobs.length === 1 ? (jobs[0]?.cause ?? null) : null), jobs),
});

/**
 * Asks for a job; it is there if the transaction commits. `notBefore` puts it off. Its cause is that of the transaction, or the
 * one that is given: that of an event, where a reaction handles several.
 */
export function enqueue<I extends z.ZodType>(
  tx: Transaction,
  kind: JobKind<I>,
  input: z.infer<I>,
  { notBefore = null, cause = null }: { notBefore?: Date | null; cause?: Cause | null } = {},
): void {
  tx.pending.push({ kind: 'job', name: kind.name, subject: null, payload: input, notBefore, cause });
}

/** A sweep over rows whose time has come, run about every `everyMs`, by one process at a time. */
export interface Timer<Ctx = never> {
  readonly name: string;
  readonly everyMs: number;
  /** How long one turn may take. A turn that takes longer has failed; the next one comes as usual. */
  readonly seconds: number;
  readonly run: (ctx: Ctx) => Promise<unknown>;
}

export const timer = <Ctx>(name: string, everyMs: number, run: (ctx: Ctx) => Promise<unknown>, seconds = 60): Timer<Ctx> => ({
  name,
  everyMs,
  seconds,
  run,
});

/**
 * What a module does when something happened below it. The reaction runs in one transaction with the note that it was
 * done, so that an event that arrives twice acts once. It receives a batch, oldest first.
 */
export interface Subscription<Ctx = never, Payload extends z.ZodType = z.ZodType> {
  readonly event: EventKind<Payload>;
  readonly policy: WorkPolicy;
  readonly react: (ctx: Ctx, events: Delivered<z.infer<Payload>>[]) => Promise<void>;
  /** The reaction itself makes nothing of an event that arrives twice, so none is noted. */
  readonly isRepeatable: boolean;
  /**
   * Which events it is about, by their payloads: others are not sent to it. All where it is absent. A process of an older version goes by its
   * own, so what a newer one adds may be lost while both run: subscribe to a new version of the event where that matters.
   */
  readonly only: ((payload: z.infer<Payload>) => boolean) | undefined;
}

export const on = <Ctx, P extends z.ZodType>(
  kind: EventKind<P>,
  react: (ctx: Ctx, events: Delivered<z.infer<P>>[]) => Promise<void>,
  { isRepeatable = false, only, ...policy }: Partial<WorkPolicy & Pick<Subscription<Ctx, P>, 'isRepeatable' | 'only'>> = {},
): Subscription<Ctx, P> => ({
  event: kind,
  policy: { seconds: 30, parallel: 1, lane: 'events', batch: 100, retries: 8, ...policy },
  react,
  isRepeatable,
  only,
});
