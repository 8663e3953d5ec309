import { personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'reviews.reviews': {
    customer_id: staysAs('an empty row'),
    principal: staysAs('who wrote it, for a repeated call'),
    username: personal(),
    username_key: personal(),
    comment: personal('what the customer wrote'),
    reason: personal('written by staff'),
  },
  'reviews.flags': { person: staysAs('a flag without its reason'), reason: personal('what the person wrote') },
};
