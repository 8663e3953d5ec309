import { z } from 'zod';
import type { Secrets } from '#kernel/secrets.ts';
import { line, prose } from '#kernel/shapes.ts';

export const FullName = line(120).meta({ description: 'As the person writes it', example: 'Jane Doe' });
export const Email = z.email().max(254).meta({ example: 'jane@example.com' });
export const Age = z.int().min(0).max(150).meta({ description: 'In years', example: 34 });
export const BirthDate = z.iso.date().meta({ description: 'ISO 8601 date', example: '1992-04-17' });
export const Address = prose(500).min(1, 'must not be empty').meta({ example: '12 Rue de Carthage, 1000 Tunis' });
export const Gender = z.enum(['male', 'female', 'other', 'undisclosed']);
export const MaritalStatus = z.enum(['single', 'married', 'divorced', 'widowed', 'partnership', 'undisclosed']);

/** What an account says of a person. It is stored sealed, as one text. */
const PersonalDetails = z.object({
  fullName: z.string(),
  age: z.int().optional(),
  birthDate: z.string().optional(),
  address: z.string().optional(),
  gender: Gender.optional(),
  maritalStatus: MaritalStatus.optional(),
});
export type PersonalDetails = z.infer<typeof PersonalDetails>;

const place = (accountId: string) => `identity.accounts.details:${accountId}`;

export const sealDetails = (secrets: Secrets, accountId: string, details: PersonalDetails): string =>
  secrets.seal(JSON.stringify(details), place(accountId));

export const unsealDetails = (secrets: Secrets, accountId: string, sealed: string): PersonalDetails =>
  PersonalDetails.parse(JSON.parse(secrets.unseal(sealed, place(accountId))));

/** Full years between a date of birth and a day; negative when the date is still to come. */
export function yearsSince(birthDate: string, today: Date): number {
  const [year = 0, month = 0, day = 0] = birthDate.split('-').map(Number);
  const hadBirthday = today.getUTCMonth() + 1 > month || (today.getUTCMonth() + 1 === month && today.getUTCDate() >= day);
  return today.getUTCFullYear() - year - (hadBirthday ? 0 : 1);
}
