/** A PostgreSQL that somebody runs for us, or that we run ourselves. */
export interface RunningDatabase {
  url: string;
  embedded: boolean;
  /** Resolves with a sentence for the operator when a database of ours has ended and does not come back. */
  lost: Promise<Error>;
  /** Ends what `start` began: nothing of ours runs afterwards. Calling it again does nothing more. */
  stop(): Promise<void>;
}

/** The oldest PostgreSQL whose SQL we write, as `server_version_num` says it. */
export const oldestVersion = 150000;

/** Somebody else looks after it. */
export const neverLost = new Promise<Error>(() => {});
