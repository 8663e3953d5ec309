import { nobody, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'social.journeys': { provider: nobody('an identity provider') },
  'social.tickets': { account_id: staysAs('for five minutes') },
};
