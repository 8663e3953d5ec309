import { expect } from 'vitest';
import type { Reply } from './people.ts';
import type { World } from './world.ts';

/**
 * A call, the most statements that it may send (`begin` and `commit` are not counted), and how it is made; what must be done before.
 * Its name begins with its route.
 */
export type Budget = [call: string, most: number, make: () => Promise<Reply>, prepare?: () => Promise<void>];

/** What a process asks each second, with or without a call. */
const BY_THE_WAY = /^\s*select seq, kind, id from identity\.revocations/;

/** Makes calls one after the other, and says which of them send more statements than they may; and which of the routes none of them is. */
export async function overBudget(
  w: World,
  budgets: readonly Budget[],
  routes: readonly { method: string; path: string }[],
): Promise<string[]> {
  const over: string[] = [];
  for (const [call, most, make, prepare] of budgets) {
    await prepare?.();
    let reply: Reply | undefined;
    const sent = (
      await w.statements(async () => {
        reply = await make();
      })
    ).filter((text) => !BY_THE_WAY.test(text));
    expect(reply?.status, `${call}: ${JSON.stringify(reply?.body)}`).toBeLessThan(300);
    if (sent.length > most)
      over.push([`${call}: ${sent.length} statements, not ${most}`, ...sent.map((text) => text.trim().slice(0, 120))].join('\n- '));
  }
  const names = routes.map(({ method, path }) => `${method} ${path}`);
  return [...over, ...names.filter((name) => !budgets.some(([call]) => call.split(',')[0] === name)).map((name) => `${name}: no budget`)];
}
