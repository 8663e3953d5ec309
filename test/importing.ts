import { randomUUID } from 'node:crypto';
import type { Person, Reply } from './people.ts';
import type { World } from './world.ts';

/** A file of products, of these rows. */
export const HEADER = 'id,name,category,type,brand,description,sku,options,price,currency,stock';
export const fileOf = (...rows: string[]): string => [HEADER, ...rows].join('\n');

/** Sends a file of products as this person; the body may be a stream. */
export const sendProducts = (
  w: Pick<World, 'fetch'>,
  { token }: Pick<Person, 'token'>,
  file: string | Uint8Array | ReadableStream,
  headers = {},
): Promise<Reply> =>
  w.fetch('/v1/imports/products', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv', 'idempotency-key': randomUUID(), ...headers },
    body: file as NonNullable<RequestInit['body']>,
    ...(file instanceof ReadableStream ? { duplex: 'half' } : {}),
  } as RequestInit);

/** Imports a file to its end, and answers the report. */
export async function importProducts(
  w: Pick<World, 'fetch' | 'step'>,
  staff: Person,
  file: string | Uint8Array | ReadableStream,
): Promise<Reply> {
  const taken = await sendProducts(w, staff, file);
  if (taken.status !== 202) throw new Error(`The file was not taken: ${JSON.stringify(taken.body)}`);
  await w.step();
  return staff.get(`/v1/imports/${taken.body.id}?limit=100`);
}

export const exportedProducts = async (staff: Pick<Person, 'get'>, query = ''): Promise<string> =>
  (await staff.get(`/v1/exports/products${query}`)).body as string;

/** The product that a search for its name finds first. */
export const productNamed = async (w: Pick<World, 'get'>, name: string): Promise<Reply['body']> =>
  (await w.get(`/v1/products?q=${encodeURIComponent(name)}`)).body.items[0];

/** What the report of an import says of its rows, each in one line. */
export const reasons = ({ body }: { body: { report: { row: number; column?: string; reason: string }[] } }): string[] =>
  body.report.map(({ row, column = '', reason }) => `${row} ${column}: ${reason}`);
