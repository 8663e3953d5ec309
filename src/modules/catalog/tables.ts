import { accountId, personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'catalog.categories': { principal: staysAs('who added it, for a repeated call'), created_by: staysAs('who is told if it is cleaned up') },
  'catalog.products': {
    seller_id: staysAs('orders name the product'),
    seller_username: personal(),
    principal: staysAs('who listed it, for a repeated call'),
    rejection: personal('written by staff'),
    document: personal('the copy that lists show; the id stays in it'),
  },
  'catalog.listings': {
    seller_id: personal('for lists by seller; gone with the approval of what is listed'),
    tags: personal('for lists by seller; gone with the approval of what is listed'),
  },
  'catalog.suspended_sellers': { seller_id: accountId },
};
