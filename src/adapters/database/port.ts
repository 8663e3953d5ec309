/** A PostgreSQL that somebody runs for us, or that we run ourselves. */
export interface RunningDatabase {
  url: string;
  embedded: boolean;
  /** Ends what `start` began: nothing of ours runs afterwards. Calling it again does nothing more. */
  stop(): Promise<void>;
}

/** The oldest PostgreSQL whose SQL we write, as `server_version_num` says it. */
export const oldestVersion = 150000;
