import { z } from 'zod';
import type { Customer } from '#identity';
import { readsDataOf } from '#kernel/audit.ts';
import { idIn, pageOf } from '#kernel/cursors.ts';
import { Cursor, Email, Limit, type Page } from '#kernel/shapes.ts';
import type { Customers } from './context.ts';

export const CustomersQuery = z.object({
  limit: Limit,
  cursor: Cursor,
  email: Email.optional().meta({ description: 'Only those that gave this email, proven or not', example: 'jane@example.com' }),
});

/** Customers with their personal data, newest first, for the staff. The cursor holds an id, never the email that was asked for. */
export function listCustomers(ctx: Customers, { email, ...query }: z.infer<typeof CustomersQuery>): Promise<Page<Customer>> {
  readsDataOf(ctx, null);
  return pageOf(ctx, `customers:${email?.toLowerCase() ?? ''}`, query, {
    rows: (after, limit) => ctx.identity.listCustomers({ email, after: idIn(after), limit }),
    position: (customer) => [customer.id],
    item: (customer) => customer,
  });
}
