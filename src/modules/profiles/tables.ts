import { personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'profiles.pictures': {
    account_id: staysAs('so that no picture that arrives late is shown for an erased account'),
    image: personal('where the picture is, and what its owner says of it'),
  },
};
