import type { Reply } from './people.ts';
import type { World } from './world.ts';

/** A client that was written for the dialect `platform`: it speaks that API's requests and no others. */
export type PlatformClient = ReturnType<typeof platformClient>;
export type Bearer = ReturnType<PlatformClient['bearer']>;

export const PLATFORM_PASSWORD = 'a phone for me';
export const pool = { clientId: 'web', userPoolId: 'pool' };
/** The whole of a reply. */
export const said = ({ status, body }: Reply) => [status, body];

export function platformClient(w: Pick<World, 'fetch'>) {
  const base = '/compat/platform';
  const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
    w.fetch(base + path, { method: 'POST', headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  const get = (path: string, headers: Record<string, string> = {}) => w.fetch(base + path, { headers });
  const bearer = (token: string) => {
    const headers = { authorization: `Bearer ${token}` };
    return { token, get: (path: string) => get(path, headers), post: (path: string, body?: unknown) => post(path, body, headers) };
  };
  const signUp = (username: string) => post('/signup', { ...pool, username, password: PLATFORM_PASSWORD });
  const signIn = (username: string, password: string = PLATFORM_PASSWORD) => post('/signin', { ...pool, username, password });
  /** Somebody who has signed up and in. */
  const customer = async (username: string) => {
    const { status, body } = await signUp(username);
    if (status !== 200) throw new Error(`${username} cannot sign up: ${JSON.stringify(body)}`);
    return bearer((await signIn(username)).body.token);
  };
  return { post, get, bearer, signUp, signIn, customer };
}
