import type { SealedColumn } from '#kernel/reseal.ts';
import { emailIndex, emailPlace } from './account.ts';
import { detailsPlace } from './personal-details.ts';
import { secondFactorPlace } from './second-factor.ts';
import { signingKeyPlace } from './signing-key.ts';

/** All that is sealed of accounts, the signing keys, and emails on their way. */
export const sealed: readonly SealedColumn[] = [
  { table: 'identity.signing_keys', column: 'private_sealed', place: signingKeyPlace, key: { name: 'kid', type: 'text' } },
  { table: 'identity.accounts', column: 'email_sealed', place: emailPlace, index: { column: 'email_index', of: emailIndex } },
  { table: 'identity.accounts', column: 'details_sealed', place: detailsPlace },
  { table: 'identity.second_factors', column: 'secret_sealed', place: secondFactorPlace, key: { name: 'account_id', type: 'uuid' } },
  { table: 'identity.owed_letters', column: 'to_sealed', place: emailPlace, boundBy: 'account_id' },
];
