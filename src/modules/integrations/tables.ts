import { personalStays, staysAs, type Tables } from '#kernel/tables.ts';

export const tables: Tables = {
  'integrations.events': {
    subject: staysAs('until EVENT_DAYS are over'),
    payload: staysAs('until EVENT_DAYS are over: ids and figures only'),
  },
  'integrations.webhooks': {
    created_by: staysAs('who made a webhook of the shop'),
    principal: staysAs('who made it, for a repeated call'),
    rotated_by: staysAs('who made its current secret, for a repeated call'),
    partner: personalStays('the name of a company'),
    partner_key: personalStays('the name of a company'),
  },
  'integrations.deliveries': {
    subject: staysAs('until EVENT_DAYS are over'),
    answer_sealed: personalStays('what a receiver answered, sealed; until EVENT_DAYS are over'),
  },
};
