import { identity } from '#identity';
import { partsOf } from '#kernel/batches.ts';
import type { Composition } from '#kernel/compose.ts';
import { EXPLAIN_ORDER, type Explained, type Told, type Which } from '#kernel/explain.ts';
import { isId } from '#kernel/ids.ts';
import { systemScope } from '#kernel/runtime.ts';
import { orders } from '#orders';
import { clientOf } from './operator.ts';
import { say } from './shell.ts';

/**
 * Prints what happened to an order, in order of time: what each module tells that declares `explains`, in this process or elsewhere.
 * Ids of accounts are replaced by their names. @throws Error with a sentence for the operator when there is no such order.
 */
export async function explainOrder(souk: Composition, given: string): Promise<void> {
  const id = given.toLowerCase();
  const order = isId(id) ? await clientOf(souk, orders).view({ orderId: id }) : null;
  if (!order) throw new Error(`there is no order ${given}`);
  const told = await askAll(souk, { id, shipments: order.shipments.map((shipment) => shipment.id) });
  const names = await namesIn(souk, JSON.stringify(told));
  const lines = [`Order ${id} of ${order.buyer.username} is ${order.state}. All times are UTC.`, '', ...told.flatMap(linesOf)];
  process.stdout.write(`${lines.join('\n').replaceAll(UUID, (found) => names.get(found) ?? found)}\n`);
}

/** A module that does not answer is said to, and the others are told all the same; the command then ends with 1. */
async function askAll({ runtime }: Composition, which: Which): Promise<Explained[]> {
  const all: Explained[] = [];
  for (const { name, explains } of runtime.modules) {
    if (!explains?.order) continue;
    try {
      const { told, isCut } = (await runtime.ask('kernel', name, EXPLAIN_ORDER, which, systemScope)) as Told;
      all.push(...told);
      if (isCut) say(`${name} knows more than is shown.`);
    } catch (error) {
      say(`${name} could not be asked: ${(error as Error).message}`);
      process.exitCode = 1;
    }
  }
  return all
    .map((one, place) => ({ one, place }))
    .sort((a, b) => compare(a.one.at, b.one.at) || a.place - b.place)
    .map(({ one }) => one);
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Not within a longer name, such as a key. */
const UUID = /(?<!:)[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const ASKED_AT_ONCE = 200;

/** What accounts that occur are called; other ids stay as they are. */
async function namesIn(souk: Composition, text: string): Promise<Map<string, string>> {
  const ids = [...new Set(text.match(UUID) ?? [])];
  const names = new Map<string, string>();
  for (const some of partsOf(ids, ASKED_AT_ONCE))
    for (const { id, username } of await clientOf(souk, identity).findAccounts({ ids: some })) names.set(id, username);
  return names;
}

const INDENT = ' '.repeat(36);

/** The lines of an order and other lists hold objects: they are written as JSON. */
const worded = (value: unknown): string => (typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value));

const linesOf = ({ at, kind, text, details = {} }: Explained): string[] => [
  `${at.slice(0, 10)} ${at.slice(11, 23)}  ${kind.padEnd(9)} ${text}`,
  ...Object.entries(details).flatMap(([name, value]) => [value].flat().map((one) => `${INDENT}${name} ${worded(one)}`)),
];
