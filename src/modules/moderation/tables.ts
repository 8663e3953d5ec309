import { personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'moderation.items': {
    author: staysAs('a decision stays, without words'),
    decided_by: staysAs('who decided'),
    excerpt_sealed: personal('sealed'),
    reason: personal('written by staff'),
  },
};
