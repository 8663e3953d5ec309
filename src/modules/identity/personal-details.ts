import { z } from 'zod';
import { invalid } from '#kernel/problems.ts';
import type { Secrets } from '#kernel/secrets.ts';
import { Gender, MaritalStatus } from './contract.ts';

export { Address, Age, BirthDate, FullName, Gender, MaritalStatus } from './contract.ts';

/** What an account says of a person. It is stored sealed, as one text. */
const PersonalDetails = z.object({
  fullName: z.string(),
  age: z.int().optional(),
  birthDate: z.string().optional(),
  address: z.string().optional(),
  gender: Gender.optional(),
  maritalStatus: MaritalStatus.optional(),
  phone: z.string().optional(),
});
export type PersonalDetails = z.infer<typeof PersonalDetails>;

/** What the ciphertext of the details is bound to. */
export const detailsPlace = (accountId: string) => `identity.accounts.details:${accountId}`;

export const sealDetails = (secrets: Secrets, accountId: string, details: PersonalDetails): string =>
  secrets.seal(JSON.stringify(details), detailsPlace(accountId));

export const unsealDetails = (secrets: Secrets, accountId: string, sealed: string): PersonalDetails =>
  PersonalDetails.parse(JSON.parse(secrets.unseal(sealed, detailsPlace(accountId))));

/** Full years between a date of birth and a day; negative when the date is still to come. */
export function yearsSince(birthDate: string, today: Date): number {
  const [year = 0, month = 0, day = 0] = birthDate.split('-').map(Number);
  const hadBirthday = today.getUTCMonth() + 1 > month || (today.getUTCMonth() + 1 === month && today.getUTCDate() >= day);
  return today.getUTCFullYear() - year - (hadBirthday ? 0 : 1);
}

const OLDEST = 150;

/** @throws invalid when the date of birth is to come, or too long ago. */
export function refuseImpossibleBirth(birthDate: string | null | undefined, now: Date): void {
  const years = birthDate ? yearsSince(birthDate, now) : 0;
  if (years < 0 || years > OLDEST)
    throw invalid({ errors: [{ pointer: '/birthDate', detail: 'must be a date in the past 150 years', in: 'body' }] });
}
