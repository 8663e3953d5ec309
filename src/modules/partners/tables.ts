import { staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'partners.keys': { created_by: staysAs('who made a key of a partner'), principal: staysAs('who made it, for a repeated call') },
};
