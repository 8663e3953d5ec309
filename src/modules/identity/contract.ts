import { z } from 'zod';
import { LONGEST_TOKEN_SECONDS, MfaCode, NewPassword, notConfirmed, PublicKey, Revocation, Tokens, TriedPassword, wrongCode, wrongCredentials, wrongMfaCode } from '#authentication/credentials.ts'; // biome-ignore format: one list
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { Precondition } from '#kernel/preconditions.ts';
import {
  invalid,
  mfaEnrolmentRequired,
  mfaRequired,
  notFound,
  problem,
  signInAgain,
  unauthenticated,
  versionMismatch,
} from '#kernel/problems.ts';
import { Email, Id, Time, Username } from '#kernel/shapes.ts';
import { Account, Customer, CustomerChanges, FullName, LinkedAccount, LinkProvider, RoleName } from './contract-account.ts';

export * from '#authentication/credentials.ts';
export * from './contract-account.ts';

export const usernameTaken = problem({
  code: 'identity/username-taken',
  status: 409,
  title: 'The username is taken',
  members: { username: z.string() },
  detail: ({ username }) => `The username ${username} is taken. Choose another one.`,
});

/** An address that serves to sign in belongs to one account, so a sign-up must be told that it is taken. */
export const emailTaken = problem({
  code: 'identity/email-taken',
  status: 409,
  title: 'The email address is taken',
  detail: 'An account signs in by this email address already. Sign in, or sign up with another one.',
});

export const accountSuspended = problem({
  code: 'identity/account-suspended',
  status: 403,
  title: 'The account is suspended',
  detail: 'This account may not sign in at the moment. If you think that this is a mistake, contact the shop.',
});

/** Only a caller who knows the password, or whom a provider has recognised as the owner, gets this answer. */
export const accountClosing = problem({
  code: 'identity/account-closing',
  status: 403,
  title: 'The account is being closed',
  detail: 'This account is being deleted. Nobody can sign in to it until the deletion is complete or cancelled.',
});

/** Only a caller who has proven the rest gets this answer: by a password, or at a provider, for which there is a `ticket`. */
export const mfaCodeRequired = problem({
  code: 'identity/mfa-code-required',
  status: 401,
  title: 'A one-time code is needed',
  members: { ticket: z.string().optional() },
  detail: ({ ticket }) =>
    ticket === undefined
      ? 'This account has a second factor: sign in (POST /v1/auth/sign-in) with the field code, a one-time or a recovery code.'
      : 'This account has a second factor: send the ticket (POST /v1/auth/social/sign-in) with the field code, a one-time or a recovery code.',
});

export const emailNotVerified = problem({
  code: 'identity/email-not-verified',
  status: 403,
  title: 'No verified email',
  detail:
    'The provider has not verified an email address of yours, and an account needs a verified one. Verify it there and try again, or sign up by email (POST /v1/auth/sign-up).',
});

export const lastAdmin = problem({
  code: 'identity/last-admin',
  status: 409,
  title: 'This is the last admin',
  detail: 'Afterwards nobody could grant roles. Make another account an admin first.',
});

export const wrongPassword = problem({
  code: 'identity/wrong-password',
  status: 403,
  title: 'The current password is wrong',
  detail: 'Send the current password. If there is none, or you have forgotten it, set one by email (POST /v1/auth/forgot-password).',
});

export const passwordRequired = problem({
  code: 'identity/password-required',
  status: 403,
  title: 'The current password is needed',
  detail:
    'Send it in the field currentPassword. An account without one signs in again and calls within 10 minutes, or sets one by email (POST /v1/auth/forgot-password).',
});

export const noSecondFactor = problem({
  code: 'identity/no-second-factor',
  status: 409,
  title: 'There is no second factor',
  detail: 'Enrol one with POST /v1/auth/mfa/totp, and confirm it within an hour.',
});

export const accountCreated = event('identity.account-created', 2, z.object({ accountId: Id }));

const OneAccount = z.object({ accountId: Id });
const ByEmail = z.object({ email: Email, password: NewPassword });

export const Contact = Customer.pick({ id: true, username: true, email: true, phone: true, language: true, timeZone: true }).extend({
  active: z.boolean(),
  /** Where mails about the account's own orders go: its confirmed address, else the unproven one that it signed up by. */
  orderEmail: z.string().nullable(),
});

export const identity = contract('identity', {
  operations: {
    /** The account of that username, or null. Erased accounts are not found. */
    findAccount: operation({ input: z.object({ username: z.string() }), output: Account.nullable() }),
    /** Accounts by id; ids that are not known are left out. At most 200. */
    findAccounts: operation({ input: z.object({ ids: z.array(Id).max(200) }), output: z.array(Account.extend({ active: z.boolean() })) }),
    /** Makes an active account for demo data or from the command line. If the username exists, its account is answered unchanged. */
    ensureAccount: operation({
      input: z.object({ username: Username, password: z.string(), fullName: z.string(), email: z.email().nullable() }),
      output: Account,
    }),
    /** An account with its personal data, in every state except erased. */
    readCustomer: operation({ input: OneAccount, output: Customer, problems: [notFound] }),
    /** How to reach accounts: the confirmed address only. Unknown and erased accounts are left out; only an active one may be written to. */
    contactsOf: operation({ input: z.object({ ids: z.array(Id).max(200) }), output: z.array(Contact) }),
    /** Since when an account is there, and whether its email is confirmed; null when there is none. */
    registrationOf: operation({ input: OneAccount, output: z.object({ emailConfirmed: z.boolean(), createdAt: Time }).nullable() }),
    /**
     * The account of somebody whom a provider has recognised: by the link that it has, or by an email that the provider and we
     * have both verified, and then linked; where nobody has that email, a new one. What it answers may be let in (asking for the
     * second factor, where there is one). `email` and `fullName` are the provider's words, and are taken only as far as they fit.
     */
    accountOfLink: operation({
      input: z.object({
        provider: LinkProvider,
        subject: z.string().min(1).max(500),
        email: z.string().nullable(),
        emailVerified: z.boolean(),
        fullName: z.string().nullable(),
      }),
      output: z.object({ account: LinkedAccount }),
      problems: [emailNotVerified, accountSuspended, accountClosing],
    }),
    /**
     * Begins a session of an account that a provider's word has led to, with the code of its second factor where it has one.
     * `tokens` is null when the account is not there, or its tokens were voided since `rev` was read.
     */
    beginSession: operation({
      input: OneAccount.extend({ rev: z.int(), code: MfaCode.optional() }),
      output: z.object({ tokens: Tokens.nullable() }),
      problems: [accountSuspended, accountClosing, mfaCodeRequired, wrongMfaCode],
    }),
    /** What an account may do here, and whether it has a second factor. */
    accessOf: operation({
      input: OneAccount,
      output: z.object({ roles: z.array(RoleName), hasSecondFactor: z.boolean() }),
      problems: [notFound],
    }),
    /** Accounts with their personal data, newest first, those older than `after`; with `email` those that gave it. */
    listCustomers: operation({
      input: z.object({ email: z.string().optional(), after: Id.nullable(), limit: z.int().max(101) }),
      output: z.array(Customer),
    }),
    /** Looks whether the caller has signed in lately, or has stepped up, before what cannot be undone. */
    demandFreshSignIn: operation({ input: z.object({}), output: z.object({}), problems: [signInAgain] }),
    /** Changes personal data; another email counts for nothing until the code that is mailed to it comes back, and takes the current password, or the second factor (MFA) where there is one. */
    changeCustomer: operation({
      input: OneAccount.extend({ changes: CustomerChanges, ifMatch: Precondition.optional() }),
      output: Customer,
      problems: [notFound, versionMismatch, invalid, mfaRequired, mfaEnrolmentRequired, passwordRequired, wrongPassword],
    }),
    /** Sets the roles of an account, at once. Who may call it is checked by the caller's route or by the shell of the operator. */
    grantRoles: operation({ input: z.object({ accountId: Id, roles: z.array(RoleName) }), output: z.object({ roles: z.array(RoleName) }) }),
    /** Adds and removes roles of an account, at once. For the shell of the operator. */
    changeRoles: operation({
      input: OneAccount.extend({ add: z.array(RoleName), remove: z.array(RoleName), evenLastAdmin: z.boolean() }),
      output: z.object({ roles: z.array(RoleName) }),
      problems: [notFound, lastAdmin],
    }),
    /** Removes a lost second factor. Sessions and tokens of the account end, and the owner gets an email. For the shell of the operator. */
    removeSecondFactor: operation({ input: OneAccount, output: z.object({}), problems: [notFound, noSecondFactor] }),
    /**
     * Opens an account that is active at once and signs in by its email. The address counts as unproven until the mailed code comes back:
     * no linking and no reset by it. Only mails about the account's own orders go there.
     */
    signUpByEmail: operation({ input: ByEmail, output: Account, problems: [emailTaken] }),
    /** Opens an account that signs in by the full name, once its email is confirmed: the username made from it is never numbered. */
    signUpByFullName: operation({ input: ByEmail.extend({ fullName: FullName }), output: Account, problems: [usernameTaken] }),
    /** Proves the email of such an account with the mailed code; refuses as `POST /auth/confirm-sign-up` does. */
    confirmByFullName: operation({
      input: z.object({ fullName: z.string(), code: z.string() }),
      output: z.object({}),
      problems: [wrongCode],
    }),
    /** Begins a session by a password; refuses as `POST /auth/sign-in` does. Routes of `idTokenFor` take the id token as Bearer. */
    signIn: operation({
      input: z.object({
        name: z.union([z.object({ email: z.string() }), z.object({ fullName: z.string() })]),
        password: TriedPassword,
        code: z.string().optional(),
        seconds: z.int().min(60).max(LONGEST_TOKEN_SECONDS),
        idTokenFor: z.string().optional(),
      }),
      output: Tokens,
      problems: [wrongCredentials, notConfirmed, accountSuspended, accountClosing, mfaCodeRequired, wrongMfaCode],
    }),
    /** Ends the session that an access token belongs to. A second call changes nothing. */
    signOut: operation({ input: z.object({ accessToken: z.string() }), output: z.object({}), problems: [unauthenticated] }),
    /** Public keys that access tokens are signed with, the current one first. */
    signingKeys: operation({ input: z.object({}), output: z.object({ keys: z.array(PublicKey) }) }),
    /** What was revoked after `since`, oldest first, of tokens that may still be alive. */
    revocations: operation({ input: z.object({ since: z.int() }), output: z.object({ last: z.int(), revocations: z.array(Revocation) }) }),
  },
  events: { accountCreated },
});
