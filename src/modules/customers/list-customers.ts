import { z } from 'zod';
import type { Customer } from '#identity';
import { cursorAfter, readCursor } from '#kernel/cursors.ts';
import { Cursor, Email, Limit, type Page } from '#kernel/shapes.ts';
import type { Customers } from './context.ts';

export const CustomersQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  email: Email.optional().meta({ description: 'Only those that gave this email, proven or not', example: 'jane@example.com' }),
});

/** Customers with their personal data, newest first, for the staff. The cursor holds an id, never the email that was asked for. */
export async function listCustomers(ctx: Customers, { limit, cursor, email }: z.infer<typeof CustomersQuery>): Promise<Page<Customer>> {
  const scope = `customers:${email?.toLowerCase() ?? ''}`;
  const after = (readCursor(ctx.secrets, scope, cursor)?.[0] ?? null) as string | null;
  const rows = await ctx.identity.listCustomers({ email, after, limit: limit + 1 });
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  return { items, nextCursor: rows.length > limit && last ? cursorAfter(ctx.secrets, scope, [last.id]) : null };
}
