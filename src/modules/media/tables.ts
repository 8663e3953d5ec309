import { accountId, personal, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'media.uploads': {
    owner_id: accountId,
    file_name: personal(),
    alt: personal(),
    source_url: personal(),
  },
};
