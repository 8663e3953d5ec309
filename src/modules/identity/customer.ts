import { z } from 'zod';
import type { Secrets } from '#kernel/secrets.ts';
import { Id, Time, Username } from '#kernel/shapes.ts';
import { emailOf, type LivingAccount } from './account.ts';
import { Address, Age, BirthDate, FullName, Gender, MaritalStatus, unsealDetails, yearsSince } from './personal-details.ts';

/** An account as its owner, and staff who may read customers, see it. */
export const Customer = z
  .object({
    id: Id,
    username: Username,
    fullName: FullName,
    age: Age.nullable().meta({ description: 'As given, or reckoned from birthDate' }),
    birthDate: BirthDate.nullable(),
    address: Address.nullable(),
    gender: Gender.nullable(),
    maritalStatus: MaritalStatus.nullable(),
    email: z.string().nullable(),
    emailConfirmed: z.boolean(),
    state: z.enum(['unconfirmed', 'active', 'suspended']),
    version: z.int(),
    createdAt: Time,
  })
  .meta({ id: 'Customer' });
export type Customer = z.infer<typeof Customer>;

export function customerOf(secrets: Secrets, account: LivingAccount, now: Date): Customer {
  const details = unsealDetails(secrets, account.id, account.details_sealed ?? '');
  const { fullName, birthDate, age, address, gender, maritalStatus } = details;
  return {
    id: account.id,
    username: account.username,
    fullName,
    age: birthDate ? yearsSince(birthDate, now) : (age ?? null),
    birthDate: birthDate ?? null,
    address: address ?? null,
    gender: gender ?? null,
    maritalStatus: maritalStatus ?? null,
    email: emailOf(secrets, account),
    emailConfirmed: account.email_confirmed_at !== null,
    state: account.state as Customer['state'],
    version: account.version,
    createdAt: account.created_at.toISOString(),
  };
}
