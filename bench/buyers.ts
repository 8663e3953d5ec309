import { randomUUID } from 'node:crypto';
import { any, type Shot } from './load.ts';

export interface Buyer {
  id: string;
  token: string;
}

const MUCH = 90_000_000_000;

type Post = <T>(path: string, body?: unknown, headers?: Record<string, string>) => Promise<T>;

const poster =
  (url: string, own: Record<string, string> = {}): Post =>
  async <T>(path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> => {
    const reply = await fetch(url + path, {
      method: 'POST',
      headers: { ...(body ? { 'content-type': 'application/json' } : {}), 'idempotency-key': randomUUID(), ...own, ...headers },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    if (!reply.ok) throw new Error(`POST ${path} answered ${await reply.text()}`);
    return (await reply.json()) as T;
  };

/** Somebody who has an account, signed in. */
export async function caller(url: string, username: string, password: string): Promise<Post> {
  const { accessToken } = await poster(url)<{ accessToken: string }>('/v1/auth/sign-in', { username, password });
  return poster(url, { authorization: `Bearer ${accessToken}` });
}

/** Customers with full wallets, made through the front door. */
export async function buyers(url: string, count: number): Promise<Buyer[]> {
  const post = poster(url);
  const person = {
    fullName: 'Bench Buyer',
    password: 'bench password',
    age: 30,
    address: 'Benchstreet 1',
    gender: 'undisclosed',
    maritalStatus: 'undisclosed',
  };
  const made: Buyer[] = [];
  const run = randomUUID().slice(0, 8); // a database that stays has those of earlier runs
  for (let n = 0; n < count; n++) {
    const username = `bench_${run}_${n}`;
    const { id } = await post<{ id: string }>('/v1/customers', { ...person, username });
    const { accessToken } = await post<{ accessToken: string }>('/v1/auth/sign-in', { username, password: person.password });
    await post(
      `/v1/customers/${username}/wallet/charge`,
      { amount: MUCH, currency: 'USD', gateway: 'simulated', source: '4242424242424242' },
      { authorization: `Bearer ${accessToken}` },
    );
    made.push({ id, token: accessToken });
  }
  return made;
}

/** A purchase of one unit by one of these people, from the wallet. */
export const purchase = (people: readonly Buyer[], products: readonly string[]): Shot => ({
  method: 'POST',
  path: '/v1/orders',
  headers: { 'content-type': 'application/json', authorization: `Bearer ${any(people).token}`, 'idempotency-key': randomUUID() },
  body: JSON.stringify({ items: [{ productId: any(products), quantity: 1 }], payment: 'wallet' }),
});
