import { staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'social.tickets': { account_id: staysAs('for five minutes') },
};
