/** Sends a POST as one of the demo accounts. Sent twice it acts once: its key follows from what it says. @throws when it is refused. */
export type Post = (path: string, body: object) => Promise<{ id: string; state?: string }>;

/** What a module's demo data are loaded through: the API, as one of the demo accounts. */
export interface Demo {
  as(username: string): Promise<Post>;
}

/** Demo data of a module. It may run again after a crash, and posts only what a key makes harmless. */
export type Fixtures = (demo: Demo) => Promise<void>;
