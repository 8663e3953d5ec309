import { staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'imports.imports': {
    created_by: staysAs('who imported a file for the shop, for 30 days'),
    principal: staysAs('who imported it, for a repeated call'),
  },
};
