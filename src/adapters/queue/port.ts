import type { Logger } from 'pino';
import type { OutboxRow } from '#kernel/outbox.ts';

/** How a queue treats its messages. */
export interface QueuePolicy {
  /** A message that is in hand for longer than this is handed out again. */
  readonly seconds: number;
  /** How often a message is handed out again before it is a dead letter. */
  readonly retries: number;
  /** Before the first retry; later ones back off from it. 0 for at once. */
  readonly retryDelaySeconds: number;
  /** How many messages one process works on at once: an engine that hands them out unasked hands out no more. */
  readonly parallel?: number;
}

/** What a message carries: one job, or up to a hundred events. */
export type Work = Pick<OutboxRow, 'id' | 'seq' | 'kind' | 'name' | 'subject' | 'payload' | 'created_at'> & Partial<OutboxRow>;

export interface Message {
  readonly id: string;
  /** Which time this is: a late answer about an earlier time changes nothing. */
  readonly attempt: number;
  readonly rows: Work[];
}

/** Work in a queue, as far as it is about one thing. */
export interface QueuedWork {
  readonly queue: string;
  readonly kind: 'event' | 'job';
  /** Of the events or jobs that name the thing. */
  readonly names: string[];
  readonly state: 'waiting' | 'running' | 'done' | 'dead letter';
  /** How often it has failed. */
  readonly tries: number;
  /** When it ended, or else when it was put here. */
  readonly at: Date;
  readonly reason: string | null;
}

export interface DeadLetter {
  readonly id: string;
  readonly queue: string;
  readonly subjects: string[];
  readonly reason: string | null;
  readonly tries: number;
  readonly at: Date;
  /** The same to the microsecond, for the next page. */
  readonly position: string;
}

export interface LetterQuery {
  readonly limit: number;
  readonly queue?: string | undefined;
  readonly after?: { readonly at: string; readonly id: string } | undefined;
}

/** SQL of the database of Souk, for engines that use it too; within a transaction if one is given. */
export interface SqlRunner {
  /** `isRepeated` for one of few texts, which is worth preparing. */
  raw(text: string, values?: unknown[], isRepeated?: boolean): Promise<{ rows: unknown[]; rowCount: number | null }>;
}

/**
 * Holds messages until they are worked on, each at least once. It knows nothing of workers: who has time asks what is due,
 * takes messages, and says how each ended.
 */
export interface QueueEngine {
  /** The schema of its tables in the database of Souk, where it has one. No module's SQL may name it. */
  readonly schema?: string;
  start(): Promise<void>;
  /** Makes the queues that are not there, and gives those that are these policies, for messages to come. */
  declare(queues: ReadonlyMap<string, QueuePolicy>): Promise<void>;
  /** Puts messages into a queue, which need not be declared here: a newer process may serve it. */
  put(queue: string, messages: Work[][], within?: SqlRunner): Promise<void>;
  /** Which of these queues have a message that may be taken now. One query for all queues. */
  due(queues: readonly string[]): Promise<string[]>;
  /** How many rows wait in each of these queues, at least: an engine that cannot look into messages counts each as one row. */
  waiting(queues: readonly string[]): Promise<Map<string, number>>;
  /** Removes a queue with what is in it. @returns how many rows waited in it. */
  remove(queue: string): Promise<number>;
  /** Takes up to `limit` messages, oldest first. They are nobody else's until their time is over. */
  take(queue: string, limit: number): Promise<Message[]>;
  done(queue: string, message: Message): Promise<void>;
  /** The message is handed out again later, or is a dead letter when it was the last time. */
  failed(queue: string, message: Message, reason: string): Promise<void>;
  /** Says that the process that has these in hand is alive: without it they are handed out again after ten to twenty seconds. */
  alive(queue: string, messages: readonly Message[]): Promise<void>;
  /** Hands out again at once what anybody has in hand: for a process that knows that it is the only one. */
  takeOver(): Promise<void>;
  /**
   * Work whose rows name an id, oldest first, and whether this is all: an engine that cannot look into its queues tells dead letters only.
   * What is done stays for some minutes.
   */
  about(id: string, limit: number): Promise<{ work: QueuedWork[]; isComplete: boolean }>;
  readonly deadLetters: {
    count(): Promise<number>;
    /** The newest first, of one queue or of all, after the letter with that time and id. */
    list(query: LetterQuery): Promise<DeadLetter[]>;
    /** @returns false when there is no such dead letter. */
    retry(id: string): Promise<boolean>;
  };
  /** `away` while messages can be neither put nor taken; what was put stays. */
  state(): 'ok' | 'away';
  stop(): Promise<void>;
}

/** `arrived` is called with a queue that has got something, by engines that know at once. */
export type OpenQueue = (parts: { sql: SqlRunner; log: Logger; arrived?: (queue: string) => void }) => QueueEngine;
