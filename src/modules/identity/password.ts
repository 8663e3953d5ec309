import { hash, type Options, verify } from '@node-rs/argon2';
import { unavailable } from '#kernel/problems.ts';
import type { Identity } from './context.ts';

export { NewPassword } from './contract.ts';

type Given = Pick<Identity, 'secrets' | 'settings'>;

/** Hashes run on libuv's four threads, which files and name look-ups need too. */
const AT_ONCE = 2;
const WAITING_AT_MOST = 500;

/** The key is mixed in (a pepper): a stolen table alone cannot be guessed against. */
const options = ({ secrets, settings }: Given): Options => ({
  algorithm: 2, // Argon2id
  memoryCost: settings.passwordMemoryKib,
  timeCost: 2,
  parallelism: 1,
  secret: secrets.derive('identity.password'),
});

const spelled = (password: string): string => password.normalize('NFKC');

/** @throws unavailable when very many wait already. */
export const hashPassword = (given: Given, password: string): Promise<string> => inTurn(() => hash(spelled(password), options(given)));

/**
 * True when the password is that of the hash. Without a hash (no such account) it takes as long and says no.
 * @throws unavailable when very many wait already.
 */
export const isPassword = (given: Given, password: string, hashed: string | null | undefined): Promise<boolean> =>
  inTurn(async () => {
    if (hashed) return verify(hashed, spelled(password), options(given));
    await hash(spelled(password), options(given));
    return false;
  });

let running = 0;
const waiting: (() => void)[] = [];

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running < AT_ONCE) running++;
  else if (waiting.length >= WAITING_AT_MOST) throw unavailable({ retryAfterSeconds: 5 });
  else await new Promise<void>((resolve) => waiting.push(resolve)); // the one that ends passes its place on
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
