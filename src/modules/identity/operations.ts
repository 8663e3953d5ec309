import type { Fulfilment } from '#kernel/contracts.ts';
import { findByIds, findByUsername } from './account.ts';
import { accountOfLink } from './account-of-link.ts';
import { beginSessionOf } from './begin-session.ts';
import { changeCustomer } from './change-customer.ts';
import { changeRoles } from './change-roles.ts';
import type { Identity } from './context.ts';
import type { identity } from './contract.ts';
import { demandFreshSignIn } from './demand-fresh-sign-in.ts';
import { ensureAccount } from './ensure-account.ts';
import { grantRoles } from './grant-roles.ts';
import { accessOf, contactsOf, listCustomers, readCustomer, registrationOf } from './read-customers.ts';
import { removeSecondFactor } from './remove-second-factor.ts';
import { revocationsAfter } from './revocation.ts';
import { publicKeys } from './signing-key.ts';
import { usernameIndex } from './username.ts';

/** What other modules may ask. An account that nobody has confirmed yet is not there for them. */
export const operations: Fulfilment<typeof identity, Identity> = {
  async findAccount(ctx, { username }) {
    const account = await findByUsername(ctx.db, usernameIndex(ctx.secrets, username));
    return account && account.state !== 'unconfirmed' ? { id: account.id, username: account.username } : null;
  },
  findAccounts: (ctx, { ids }) => findByIds(ctx.db, ids),
  readCustomer,
  accessOf,
  registrationOf,
  contactsOf,
  accountOfLink,
  beginSession: beginSessionOf,
  listCustomers,
  changeCustomer,
  demandFreshSignIn,
  ensureAccount,
  grantRoles: async (ctx, input) => ({ roles: (await grantRoles(ctx, input)).roles }),
  changeRoles,
  removeSecondFactor,
  signingKeys: async (ctx) => ({ keys: await publicKeys(ctx) }),
  async revocations(ctx, { since }) {
    const revocations = await revocationsAfter(ctx.db, since, ctx.clock.now());
    return { last: revocations.at(-1)?.seq ?? since, revocations };
  },
};
