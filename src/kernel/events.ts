import type { z } from 'zod';
import type { Transaction } from './database.ts';

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
}

/**
 * Announces what this transaction does. It is written with the commit, or not at all, and delivered at least once;
 * a subscription acts on it once. Events hold ids and figures, never personal data.
 */
export function emit<P extends z.ZodType>(tx: Transaction, kind: EventKind<P>, subject: string, payload: z.infer<P>): void {
  tx.pending.push({ kind: 'event', name: eventName(kind), subject, payload, notBefore: null });
}

/** The name that travels: `orders.order-placed.v1`. */
export const eventName = (kind: EventKind): string => `${kind.name}.v${kind.version}`;

/** Work that a module asks of itself: imperative, retried with back-off, then a dead letter. */
export interface JobKind<Ctx = never, Input extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly input: Input;
  /** Must be safe to run twice: a job runs at least once. */
  readonly run: (ctx: Ctx, input: z.infer<Input>) => Promise<void>;
}

export const job = <Ctx, Input extends z.ZodType>(
  name: string,
  input: Input,
  run: (ctx: Ctx, input: z.infer<Input>) => Promise<void>,
): JobKind<Ctx, Input> => ({
  name,
  input,
  run,
});

/** Asks for a job; it is there if the transaction commits. `notBefore` puts it off. */
export function enqueue<Ctx, I extends z.ZodType>(
  tx: Transaction,
  kind: JobKind<Ctx, I>,
  input: z.infer<I>,
  notBefore: Date | null = null,
): void {
  tx.pending.push({ kind: 'job', name: kind.name, subject: null, payload: input, notBefore });
}

/** A sweep over rows whose time has come, run about every `everyMs`, by one process at a time. */
export interface Timer<Ctx = never> {
  readonly name: string;
  readonly everyMs: number;
  readonly run: (ctx: Ctx) => Promise<void>;
}

export const timer = <Ctx>(name: string, everyMs: number, run: (ctx: Ctx) => Promise<void>): Timer<Ctx> => ({ name, everyMs, run });

/**
 * What a module does when something happened below it. The reaction runs in one transaction with the note that it was
 * done, so that an event that arrives twice acts once. It receives a batch, oldest first.
 */
export interface Subscription<Ctx = never, Payload extends z.ZodType = z.ZodType> {
  readonly event: EventKind<Payload>;
  readonly react: (ctx: Ctx, events: Delivered<z.infer<Payload>>[]) => Promise<void>;
}

export const on = <Ctx, P extends z.ZodType>(
  kind: EventKind<P>,
  react: (ctx: Ctx, events: Delivered<z.infer<P>>[]) => Promise<void>,
): Subscription<Ctx, P> => ({
  event: kind,
  react,
});
