import { accountId, personal, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'media.uploads': {
    owner_id: accountId,
    file_name: personal(),
    alt: personal(),
    source_url: personal(),
    file_key_sealed: personal('encrypted; without it the private file in the store cannot be opened, and it is removed'),
    arrived_hash: personal('a keyed hash'),
  },
};
