import { staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'customers.closures': { account_id: staysAs('how far the closure came') },
};
