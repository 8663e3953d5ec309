import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { problem } from '#kernel/problems.ts';
import { Id, Username } from '#kernel/shapes.ts';

export const roleNames = [
  'catalog-manager',
  'moderator',
  'support',
  'finance',
  'escrow-officer',
  'verifier',
  'analyst',
  'operator',
  'admin',
] as const;

export const RoleName = z.enum(roleNames).meta({ id: 'RoleName' });
export type RoleName = z.infer<typeof RoleName>;

export const Account = z.object({ id: Id, username: Username });
export type Account = z.infer<typeof Account>;

/** A public key of the signer, as RFC 7517 writes it. */
export const PublicKey = z.object({
  kid: z.string(),
  kty: z.string(),
  crv: z.string(),
  x: z.string(),
  y: z.string(),
  alg: z.string(),
  use: z.string(),
});

/**
 * An access token dies early when its session ends, or when its account is suspended or gets other roles:
 * tokens of that account that carry a `rev` below `seq` are void.
 */
export const Revocation = z.object({ seq: z.int(), kind: z.enum(['session', 'account']), id: Id });
export type Revocation = z.infer<typeof Revocation>;

/** Channel on which every process hears that there are new revocations. */
export const REVOCATIONS_CHANNEL = 'souk_revocations';

export const usernameTaken = problem<{ username: string }>({
  code: 'identity/username-taken',
  status: 409,
  title: 'The username is taken',
  detail: ({ username }) => `Somebody is called ${username} already. Choose another username.`,
});

export const accountCreated = event('identity.account-created', 1, z.object({ accountId: Id, username: Username }));

export const identity = contract('identity', {
  operations: {
    /** The account of that username, or null. Erased accounts are not found. */
    findAccount: operation({ input: z.object({ username: z.string() }), output: Account.nullable() }),
    /** Accounts by id; ids that are not known are left out. At most 200. */
    findAccounts: operation({ input: z.object({ ids: z.array(Id).max(200) }), output: z.array(Account) }),
    /** Makes an active account for demo data or from the command line; an existing username is answered as it stands. */
    ensureAccount: operation({
      input: z.object({ username: Username, password: z.string(), fullName: z.string(), email: z.email().nullable() }),
      output: Account,
    }),
    /** Sets the roles of an account, at once. Who may call it is checked by the caller's route or by the shell of the operator. */
    grantRoles: operation({ input: z.object({ accountId: Id, roles: z.array(RoleName) }), output: z.object({ roles: z.array(RoleName) }) }),
    /** Public keys that access tokens are signed with, the current one first. */
    signingKeys: operation({ input: z.object({}), output: z.object({ keys: z.array(PublicKey) }) }),
    /** What was revoked after `since`, oldest first, of tokens that may still be alive. */
    revocations: operation({ input: z.object({ since: z.int() }), output: z.object({ last: z.int(), revocations: z.array(Revocation) }) }),
  },
  events: { accountCreated },
});
