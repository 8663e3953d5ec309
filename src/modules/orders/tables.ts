import { personal, staysAs, type Tables } from '#kernel/tables.ts';

const BOOKS = 'the books hold ids and figures';

export const tables: Tables = {
  'orders.orders': {
    buyer: staysAs(BOOKS),
    placed_by: staysAs(BOOKS),
    principal: staysAs('who ordered, for a repeated call'),
    shares: staysAs(BOOKS),
    address_sealed: personal('sealed'),
    shipments: staysAs(BOOKS),
  },
  'orders.lines': { seller_id: staysAs(BOOKS) },
  'orders.steps': { by_id: staysAs('who did what'), note: personal() },
  'orders.closed_accounts': { account_id: staysAs('so that nothing is bought by or from the account any more') },
};
