import { z } from 'zod';
import { TriedPassword } from '#authentication/credentials.ts';
import { LanguageName, TimeZone } from '#kernel/languages.ts';
import { Email, Id, line, Phone, prose, Time, Username } from '#kernel/shapes.ts';

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
