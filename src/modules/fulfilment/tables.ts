import { personal, staysAs, type Tables } from '#kernel/tables.ts';

const BOOKS = 'the books hold ids and figures';

export const tables: Tables = {
  'fulfilment.orders': { buyer: staysAs(BOOKS) },
  'fulfilment.shipments': { seller_id: staysAs(BOOKS) },
  'fulfilment.steps': { by_id: staysAs('who did a step, or the name of a partner'), note: personal('what the buyer wrote') },
  'fulfilment.returns': {
    buyer: staysAs(BOOKS),
    decided_by: staysAs('who decided'),
    principal: staysAs('who asked, for a repeated call'),
    reason: personal('what the buyer wrote'),
    decision_reason: personal('what the buyer was told'),
  },
  'fulfilment.refunds': {
    by_id: staysAs('who refunded'),
    principal: staysAs('who refunded, for a repeated call'),
    reason: personal('what the buyer or staff wrote'),
  },
};
