import { Customer, CustomerChanges, passwordRequired, wrongPassword } from '#identity';
import { AccountExport } from '#kernel/account-life.ts';
import { mfaEnrolmentRequired, mfaRequired, signInAgain, stillRunning, versionMismatch } from '#kernel/problems.ts';
import { del, get, ownAccount, patch, permitted } from '#kernel/routes.ts';
import { page } from '#kernel/shapes.ts';
import type { Customers } from './context.ts';
import { deleteCustomer, stillOpen } from './delete-customer.ts';
import { exportCustomer } from './export-customer.ts';
import { CustomersQuery, listCustomers } from './list-customers.ts';

export const routes = [
  get('/customers', {
    summary: 'Customers, newest first',
    description: 'A page of accounts with their personal data. Filter by an email.',
    access: permitted('customers:read'),
    query: CustomersQuery,
    returns: page(Customer),
    problems: [],
    handle: (ctx: Customers, { query }) => listCustomers(ctx, query),
  }),
  patch('/customers/{username}', {
    summary: 'Change your account',
    description:
      'A JSON Merge Patch: an absent field does not change, null empties it. A new email has no effect until it is confirmed with the mailed ' +
      'code. Changing or removing the email needs the current password, in `currentPassword`; if the account has a second factor (MFA), a token ' +
      'that was stepped up in the last 10 minutes instead; if it has neither, a session that was opened in the last 10 minutes. The username cannot change; the password changes with POST /v1/auth/change-password.',
    access: ownAccount(),
    body: CustomerChanges,
    returns: Customer,
    etag: ({ version }) => version,
    problems: [versionMismatch, mfaRequired, mfaEnrolmentRequired, passwordRequired, wrongPassword],
    handle: (ctx: Customers, { body, ifMatch }) => ctx.identity.changeCustomer({ accountId: ctx.actor.id, changes: body, ifMatch }),
  }),
  del('/customers/{username}', {
    summary: 'Delete your account and all personal data permanently',
    description:
      'Refused with its reasons while there is money in the wallet, something sold is not delivered, or an order is being placed. The books keep ' +
      'ids and figures; what the account had listed is taken off the shelves; the username is never given to anybody else. ' +
      'Needs a sign-in of the last 10 minutes; if the account has a second factor (MFA), a step-up instead.',
    access: ownAccount(),
    mfa: true,
    returns: null,
    problems: [signInAgain, stillOpen, stillRunning, versionMismatch],
    handle: (ctx: Customers, { ifMatch }) => deleteCustomer(ctx, ifMatch),
  }),
  get('/customers/{username}/export', {
    summary: 'Export all your data as one JSON document',
    description:
      'At most 1,000 of each list, newest first (products oldest first); `cut` names those that are longer. Browsers save it as a file.',
    access: ownAccount(),
    returns: AccountExport,
    fileName: ({ customer }) => `souk-${(customer as Customer).username}.json`,
    problems: [],
    handle: (ctx: Customers) => exportCustomer(ctx),
  }),
];
