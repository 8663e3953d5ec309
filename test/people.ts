import { randomUUID } from 'node:crypto';
import { appendFileSync } from 'node:fs';
import { dialects } from '../src/dialects/dialects.ts';
import type { Composition } from '../src/kernel/compose.ts';
import { PROBLEM_HEADER } from '../src/kernel/dialect.ts';
import type { Money } from '../src/kernel/money.ts';
import { allProblemsOf } from '../src/kernel/openapi-replies.ts';
import { COMPAT, operationId } from '../src/kernel/routes.ts';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it expects
  body: any;
}

export type Call = (path: string, init?: RequestInit) => Promise<Reply>;

/** Sends a request through the front door, without a socket. A refusal that its route does not declare fails the test. */
export const send =
  (souk: Pick<Composition, 'fetch'> & Partial<Pick<Composition, 'routes'>>): Call =>
  async (path, init) => {
    const reply = await souk.fetch(new Request(`http://souk.test${path}`, init));
    const text = await reply.text();
    const body = text && reply.headers.get('content-type')?.includes('json') ? JSON.parse(text) : text;
    const isDialects = path.startsWith(COMPAT);
    const code = isDialects ? reply.headers.get(PROBLEM_HEADER) : body?.code;
    if (reply.status >= 400 && reply.status !== 499)
      noteProblem(isDialects ? ofDialects : (souk.routes ?? []), init?.method ?? 'GET', path, code);
    return { status: reply.status, headers: reply.headers, body };
  };

const ofDialects = dialects.flatMap(({ name, routes }) => routes.map((route) => ({ module: name, route })));

function noteProblem(routes: Composition['routes'], method: string, path: string, code: string): void {
  const parts = path.split('?')[0]!.replace(/^\/v1/, '').split('/');
  const fits = (pattern: string) => {
    const wanted = pattern.split('/');
    return wanted.length === parts.length && wanted.every((part, index) => part === parts[index] || part.startsWith('{'));
  };
  const found = routes.find(({ route }) => route.method === method && fits(route.path));
  if (!found) return;
  const operation = operationId(found.route);
  if (!allProblemsOf(found.route).some((kind) => kind.code === code))
    throw new Error(`${operation} refused with ${code}, which it does not declare`);
  if (process.env.PROBLEMS_FILE) appendFileSync(process.env.PROBLEMS_FILE, `${operation} ${code}\n`);
}

/** Somebody with an account, signed in. POSTs carry a fresh Idempotency-Key unless one is given. */
export interface Person {
  readonly id: string;
  readonly username: string;
  readonly token: string;
  get(path: string, headers?: Record<string, string>): Promise<Reply>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Reply>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  put(path: string, body: unknown, headers?: Record<string, string>): Promise<Reply>;
  delete(path: string, headers?: Record<string, string>): Promise<Reply>;
  /** What the wallet can spend. */
  balance(currency?: Money['currency']): Promise<Money>;
  charge(money: Money): Promise<Reply>;
  /** Lists a product that is for sale at once; answers its id. */
  lists(product: Listing): Promise<string>;
}

/** A program that calls with an API key. Its POSTs carry no Idempotency-Key unless one is given. */
export interface PartnerSystem extends Pick<Person, 'id' | 'get' | 'post' | 'put' | 'delete'> {
  readonly key: string;
}

export interface Listing {
  name?: string;
  price: Money;
  stock?: number;
  category?: string;
  [field: string]: unknown;
}

export const usd = (amount: number): Money => ({ amount, currency: 'USD' });
export const tnd = (amount: number): Money => ({ amount, currency: 'TND' });
export const PASSWORD = 'correct horse battery';

interface Ask {
  call: Call;
  ask<T>(module: string, operation: string, input: unknown): Promise<T>;
}

export function people({ call, ask }: Ask) {
  let staff: Promise<Person> | undefined;

  const person = async (username: string, roles: string[] = []): Promise<Person> => {
    const account = await ask<{ id: string; username: string }>('identity', 'ensureAccount', {
      username,
      password: PASSWORD,
      fullName: username,
      email: `${username}@example.com`,
    });
    if (roles.length > 0) await ask('identity', 'grantRoles', { accountId: account.id, roles });
    const signedIn = await call('/v1/auth/sign-in', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username, password: PASSWORD }),
    });
    if (signedIn.status !== 200) throw new Error(`${username} cannot sign in: ${JSON.stringify(signedIn.body)}`);
    return withToken(account, signedIn.body.accessToken);
  };

  const withToken = (account: { id: string; username: string }, token: string): Person => {
    const request = (method: string) => (path: string, body?: unknown, headers?: Record<string, string>) =>
      call(path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...(method === 'POST' ? { 'idempotency-key': randomUUID() } : {}),
          ...headers,
        },
      });
    const post = request('POST');
    const me: Person = {
      ...account,
      token,
      get: (path, headers) => request('GET')(path, undefined, headers),
      post,
      patch: request('PATCH'),
      put: request('PUT'),
      delete: (path, headers) => request('DELETE')(path, undefined, headers),
      async balance(currency = 'USD') {
        const { body } = await me.get(`/v1/customers/${account.username}/wallet`);
        const found = (body.balances as { currency: string; available: number }[]).find((balance) => balance.currency === currency);
        return { amount: found?.available ?? 0, currency };
      },
      charge: (money) =>
        post(`/v1/customers/${account.username}/wallet/charge`, { ...money, gateway: 'simulated', source: '4242424242424242' }),
      async lists({ stock = 10, price, name = 'Lamp', category = 'electronics', ...rest }) {
        const made = await post('/v1/products', { name, category, ...rest, ...(rest.variants ? {} : { price, stock }) });
        if (made.status !== 201) throw new Error(`${account.username} cannot list: ${JSON.stringify(made.body)}`);
        if (made.body.state !== 'approved') {
          await post(`/v1/products/${made.body.id}/submit`);
          const approved = await (await admin()).post(`/v1/products/${made.body.id}/approve`);
          if (approved.status !== 200) throw new Error(`not approved: ${JSON.stringify(approved.body)}`);
        }
        return made.body.id as string;
      },
    };
    return me;
  };

  /** A partner's system with an API key, which the admin makes. */
  const partner = async (name: string, scopes: string[], more: object = {}): Promise<PartnerSystem> => {
    const root = await person('root', ['admin']); // whose earlier token may have expired
    const made = await root.post('/v1/api-keys', { name, scopes, ...more });
    if (made.status !== 201) throw new Error(`${name} gets no key: ${JSON.stringify(made.body)}`);
    return withKey(made.body.id, made.body.key);
  };

  const withKey = (id: string, key: string): PartnerSystem => {
    const request = (method: string) => (path: string, body?: unknown, headers?: Record<string, string>) =>
      call(path, {
        method,
        body: body === undefined ? undefined : JSON.stringify(body),
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      });
    return {
      id,
      key,
      get: (path, headers) => request('GET')(path, undefined, headers),
      post: request('POST'),
      put: request('PUT'),
      delete: (path, headers) => request('DELETE')(path, undefined, headers),
    };
  };

  const admin = (): Promise<Person> => {
    staff ??= person('root', ['admin']);
    return staff;
  };

  return {
    person,
    withToken,
    withKey,
    partner,
    admin,
    /** Somebody who sells; sellers are ordinary accounts. */
    seller: (username: string) => person(username),
    /** Somebody with money. */
    async buyer(username: string, { balance }: { balance?: Money } = {}): Promise<Person> {
      const buyer = await person(username);
      if (balance && balance.amount > 0) {
        const charged = await buyer.charge(balance);
        if (charged.status !== 201) throw new Error(`${username} cannot charge: ${JSON.stringify(charged.body)}`);
      }
      return buyer;
    },
  };
}
