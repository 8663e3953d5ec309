import { z } from 'zod';
import { contract, operation } from '#kernel/contracts.ts';
import { event } from '#kernel/events.ts';
import { LanguageName, TimeZone } from '#kernel/languages.ts';
import { Precondition } from '#kernel/preconditions.ts';
import { invalid, mfaEnrolmentRequired, mfaRequired, notFound, problem, signInAgain, versionMismatch } from '#kernel/problems.ts';
import { Email, Id, line, Phone, prose, Time, Username, withoutSpaces } from '#kernel/shapes.ts';

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

/** An account that a provider's word has led to. `rev` and `roles` are as of one moment. */
export const LinkedAccount = Account.extend({ roles: z.array(RoleName), rev: z.int(), hasSecondFactor: z.boolean() });
export type LinkedAccount = z.infer<typeof LinkedAccount>;

/** One provider that knows the account. */
export const AccountLink = z.object({ provider: z.string().meta({ example: 'google' }), createdAt: Time }).meta({ id: 'AccountLink' });

/** Who recognises people for us: those that Souk signs in with, and issuers of tokens that an operator trusts. */
export const LinkProvider = z.string().regex(/^(google|facebook|issuer:https?:\/\/\S{1,480})$/);

/** Ten letters and digits of the alphabet of RFC 4648 (no 0, 1, 8 or 9, which look like letters), with a dash or gap between. */
export const RECOVERY_CODE = '[A-Za-z2-7]{5}-?[A-Za-z2-7]{5}';

/** What proves a second factor: the six digits that an authenticator app shows, or a recovery code; written with or without a gap. */
export const MfaCode = withoutSpaces().regex(new RegExp(`^(\\d{6}|${RECOVERY_CODE})$`), 'has six digits, or is a recovery code');

export const FullName = line(120).meta({ description: 'As the person writes it', example: 'Jane Doe' });
export const Age = z.int().min(0).max(150).meta({ description: 'In years', example: 34 });
export const BirthDate = z.iso.date().meta({ description: 'ISO 8601 date', example: '1992-04-17' });
export const Address = prose(500).min(1, 'must not be empty').meta({ example: '12 Rue de Carthage, 1000 Tunis' });
export const Gender = z.enum(['male', 'female', 'other', 'undisclosed']);
export const MaritalStatus = z.enum(['single', 'married', 'divorced', 'widowed', 'partnership', 'undisclosed']);

/** An account as its owner, and staff who may read customers, see it. */
export const Customer = z
  .object({
    id: Id,
    username: Username,
    fullName: FullName,
    age: Age.nullable().meta({ description: 'As given, or computed from birthDate' }),
    birthDate: BirthDate.nullable(),
    address: Address.nullable(),
    gender: Gender.nullable(),
    maritalStatus: MaritalStatus.nullable(),
    phone: Phone.nullable(),
    language: LanguageName.nullable().meta({ description: 'Null: that of the call, else that of the shop' }),
    timeZone: TimeZone.nullable(),
    email: z.string().nullable(),
    emailConfirmed: z.boolean(),
    state: z.enum(['unconfirmed', 'active', 'suspended', 'closing']).meta({ example: 'active' }),
    version: z.int(),
    createdAt: Time,
  })
  .meta({ id: 'Customer' });
export type Customer = z.infer<typeof Customer>;

/** A password that is tried. Accounts that Souk itself made may have passwords of other lengths. */
export const TriedPassword = z.string().min(1).max(1024).meta({ example: 'correct horse battery' });

/** A JSON Merge Patch (RFC 7396): what is absent stays, null empties. The password is no part of the account: it proves who asks for another email. */
export const CustomerChanges = z
  .strictObject({
    fullName: FullName.optional(),
    address: Address.nullable().optional(),
    gender: Gender.nullable().optional(),
    maritalStatus: MaritalStatus.nullable().optional(),
    age: Age.nullable().optional(),
    birthDate: BirthDate.nullable().optional(),
    phone: Phone.nullable().optional(),
    language: LanguageName.nullable().optional(),
    timeZone: TimeZone.nullable().optional(),
    email: Email.nullable().optional(),
    currentPassword: TriedPassword.optional().meta({ description: 'Proves who changes the email. Without a new email it is ignored' }),
  })
  .refine(({ age, birthDate }) => typeof age !== 'number' || typeof birthDate !== 'string', {
    error: 'give either age or birthDate',
    path: ['age'],
  })
  .meta({ id: 'CustomerChanges', example: { address: '3 Rue du Lac, 1053 Tunis', phone: '+21671000000' } });
export type CustomerChanges = z.infer<typeof CustomerChanges>;

export const ACCESS_TOKEN_SECONDS = 600;

export const AccessToken = z
  .object({
    accessToken: z.string().meta({ description: 'JWT, ES256: send it as Authorization: Bearer' }),
    expiresIn: z.int().meta({ description: 'Seconds until the access token expires', example: ACCESS_TOKEN_SECONDS }),
    tokenType: z.literal('Bearer'),
  })
  .meta({ id: 'AccessToken' });
export type AccessToken = z.infer<typeof AccessToken>;

export const Tokens = AccessToken.extend({
  idToken: z.string().meta({ description: 'JWT of OpenID Connect: who signed in' }),
  refreshToken: z.string().meta({ description: 'Valid once, at POST /v1/auth/token, for 30 days' }),
}).meta({ id: 'Tokens' });
export type Tokens = z.infer<typeof Tokens>;

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

export const usernameTaken = problem({
  code: 'identity/username-taken',
  status: 409,
  title: 'The username is taken',
  members: { username: z.string() },
  detail: ({ username }) => `The username ${username} is taken. Choose another one.`,
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

/** One answer for a code that is wrong, too old, or used before. */
export const wrongMfaCode = problem({
  code: 'identity/wrong-mfa-code',
  status: 401,
  title: 'The one-time code is wrong',
  detail: 'The code is wrong, too old, or was used before. Wait for the next one, or use a recovery code.',
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

export const Contact = Customer.pick({ id: true, username: true, email: true, phone: true, language: true, timeZone: true }).extend({
  active: z.boolean(),
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
    /** Public keys that access tokens are signed with, the current one first. */
    signingKeys: operation({ input: z.object({}), output: z.object({ keys: z.array(PublicKey) }) }),
    /** What was revoked after `since`, oldest first, of tokens that may still be alive. */
    revocations: operation({ input: z.object({ since: z.int() }), output: z.object({ last: z.int(), revocations: z.array(Revocation) }) }),
  },
  events: { accountCreated },
});
