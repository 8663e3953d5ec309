import type { Secrets } from '#kernel/secrets.ts';
import { emailOf, type LivingAccount } from './account.ts';
import type { Customer } from './contract.ts';
import { unsealDetails, yearsSince } from './personal-details.ts';

/** What the owner of an account sees of it, and staff who may read customers. */
export function customerOf(secrets: Secrets, account: LivingAccount, now: Date): Customer {
  const details = unsealDetails(secrets, account.id, account.details_sealed ?? '');
  const { fullName, birthDate, age, address, gender, maritalStatus, phone } = details;
  return {
    id: account.id,
    username: account.username,
    fullName,
    age: birthDate ? yearsSince(birthDate, now) : (age ?? null),
    birthDate: birthDate ?? null,
    address: address ?? null,
    gender: gender ?? null,
    maritalStatus: maritalStatus ?? null,
    phone: phone ?? null,
    language: account.language,
    timeZone: account.time_zone,
    email: emailOf(secrets, account),
    emailConfirmed: account.email_confirmed_at !== null,
    state: account.state as Customer['state'],
    version: account.version,
    createdAt: account.created_at.toISOString(),
  };
}
