import type { Fulfilment } from '#kernel/contracts.ts';
import { findByIds, findByUsername } from './account.ts';
import { accountOfLink } from './account-of-link.ts';
import { beginSessionOf } from './begin-session.ts';
import { changeCustomer } from './change-customer.ts';
import { changeRoles } from './change-roles.ts';
import { Code } from './code.ts';
import { confirmSignUp } from './confirm-sign-up.ts';
import type { Identity } from './context.ts';
import { type identity, MfaCode, wrongMfaCode } from './contract.ts';
import { demandFreshSignIn } from './demand-fresh-sign-in.ts';
import { ensureAccount } from './ensure-account.ts';
import { grantRoles } from './grant-roles.ts';
import { wrongCode } from './problems.ts';
import { accessOf, contactsOf, listCustomers, readCustomer, registrationOf } from './read-customers.ts';
import { removeSecondFactor } from './remove-second-factor.ts';
import { revocationsAfter } from './revocation.ts';
import { signIn } from './sign-in.ts';
import { signOutByToken } from './sign-out.ts';
import { signUpByEmail, signUpByFullName } from './sign-up-by-email.ts';
import { publicKeys } from './signing-key.ts';
import { baseOf, usernameIndex } from './username.ts';

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
  signUpByEmail,
  signUpByFullName,
  async confirmByFullName(ctx, { fullName, code }) {
    const mailed = Code.safeParse(code);
    if (!mailed.success) throw wrongCode();
    await confirmSignUp(ctx, { username: baseOf(fullName), code: mailed.data });
    return {};
  },
  async signIn(ctx, { name, password, code, ...issuing }) {
    const oneTime = MfaCode.optional().safeParse(code);
    if (!oneTime.success) throw wrongMfaCode();
    const named = 'email' in name ? { email: name.email } : { username: baseOf(name.fullName) };
    return signIn(ctx, { ...named, password, code: oneTime.data }, issuing);
  },
  signOut: signOutByToken,
  signingKeys: async (ctx) => ({ keys: await publicKeys(ctx) }),
  async revocations(ctx, { since }) {
    const revocations = await revocationsAfter(ctx.db, since, ctx.clock.now());
    return { last: revocations.at(-1)?.seq ?? since, revocations };
  },
};
