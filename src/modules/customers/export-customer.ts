import type { z } from 'zod';
import type { AccountExport } from '#kernel/account-life.ts';
import type { Customers } from './context.ts';

/** At most so many of each list; the routes of the lists have the rest. */
export const LONGEST = 1000;

/** All that Souk knows of who asks, in one answer: the sections of every module. */
export async function exportCustomer(ctx: Customers): Promise<z.infer<typeof AccountExport>> {
  const sections = await ctx.everyModule.export({ accountId: ctx.actor.id, limit: LONGEST + 1 });
  const cut: string[] = [];
  return { exportedAt: ctx.clock.now().toISOString(), ...shortened(sections, '', cut), cut };
}

/** The same object with no list longer than `LONGEST`; the paths of those that were go into `cut`. */
function shortened(section: object, path: string, cut: string[]): Record<string, unknown> {
  const entries = Object.entries(section).map(([name, value]: [string, unknown]) => {
    if (Array.isArray(value)) {
      if (value.length > LONGEST) cut.push(`${path}${name}`);
      return [name, value.slice(0, LONGEST)];
    }
    return [name, typeof value === 'object' && value !== null ? shortened(value, `${path}${name}.`, cut) : value];
  });
  return Object.fromEntries(entries) as Record<string, unknown>;
}
