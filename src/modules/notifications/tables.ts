import { accountId, personal, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'notifications.notifications': {
    account_id: accountId,
    key: accountId,
    values: personal('names of products, numbers of orders, amounts'),
  },
  'notifications.settings': { account_id: accountId },
  'notifications.devices': {
    account_id: accountId,
    endpoint_index: personal('a keyed hash of the address of a browser'),
    subscription_sealed: personal('sealed: the address and the keys of a browser'),
  },
  'notifications.stops': { account_id: accountId, address_index: personal('a keyed hash of an address that is refused') },
  'notifications.days': { account_id: accountId },
  'notifications.silenced': { account_id: staysAs('so that nothing that comes late is stored for an erased account') },
};
