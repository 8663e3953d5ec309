import { Customer, CustomerChanges } from '#identity';
import { versionMismatch } from '#kernel/problems.ts';
import { get, ownAccount, patch, permitted } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import type { Customers } from './context.ts';
import { CustomersQuery, listCustomers } from './list-customers.ts';

export const routes = [
  get('/customers', {
    summary: 'Customers, newest first',
    access: permitted('customers:read'),
    query: CustomersQuery,
    returns: page(Customer),
    problems: [],
    handle: (ctx: Customers, { query }) => listCustomers(ctx, query),
  }),
  patch('/customers/{username}', {
    summary: 'Change what your account says of you',
    description:
      'A JSON Merge Patch: what is absent stays, null empties. Another email counts for nothing until it is confirmed with the code that is ' +
      'mailed to it. The username stays; the password changes by POST /v1/auth/change-password.',
    access: ownAccount(),
    body: CustomerChanges,
    returns: Customer,
    etag: ({ version }) => version,
    problems: [versionMismatch],
    handle: (ctx: Customers, { body, ifMatch }) => ctx.identity.changeCustomer({ accountId: ctx.actor.id, changes: body, ifMatch }),
  }),
];
