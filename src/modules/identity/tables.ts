import { accountId, nobody, personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'identity.accounts': {
    id: staysAs('the books name it; the row is empty but for it and the index of its username'),
    username: personal('in the clear: it is public'),
    username_index: staysAs('a keyed hash, so that nobody else gets the name'),
    email_sealed: personal('sealed'),
    email_index: personal('a keyed hash'),
    details_sealed: personal('sealed: full name, address, phone, age or birth date, gender, marital status'),
    language: personal('in the clear'),
    time_zone: personal('in the clear'),
    password_hash: personal('Argon2id'),
    suspension_reason: personal('written by staff'),
    principal: accountId,
  },
  'identity.codes': { account_id: accountId },
  'identity.links': {
    provider: nobody('an identity provider'),
    account_id: accountId,
    subject_index: personal('a keyed hash of what the provider calls the person'),
  },
  'identity.owed_letters': { account_id: accountId, to_sealed: personal('sealed') },
  'identity.places': { account_id: accountId, place: personal('a keyed hash of the network of a sign-in') },
  'identity.recovery_codes': { account_id: accountId },
  'identity.second_factors': { account_id: accountId, secret_sealed: personal('sealed') },
  'identity.sessions': { account_id: staysAs('of ended sessions, until they expire'), ended_by: nobody('a cause: sign-out, erasure') },
  'identity.revocations': { id: staysAs('as long as a token that it voids could live') },
};
