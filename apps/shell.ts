/** A line for the person at the terminal; logs go elsewhere. */
export const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** Says in one sentence what is wrong, and ends with a code that scripts notice. */
export function fail(error: unknown): never {
  say(`Souk: ${(error as Error).message}`);
  if (process.env.LOG_LEVEL === 'debug') say((error as Error).stack ?? '');
  process.exit(1);
}
