import { accountId, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'favorites.favorites': { account_id: accountId, subject_id: accountId },
  'favorites.calls': { account_id: accountId },
  'favorites.people': { account_id: staysAs('so that nothing that comes late is stored for an erased account') },
};
