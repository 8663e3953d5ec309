// Changes of the ledger that only somebody past its triggers can make, for proof.test.ts. `;` parts the statements of one change.

const newest = (cause: string) =>
  `(select cause_id::uuid from wallet.journals j join wallet.transfers t on t.journal_id = j.id where cause_kind = '${cause}' order by t.seq desc limit 1)`;
const NEWEST_PAYMENT = newest('order');
export const OLD = '(select through_seq from wallet.checkpoints)';

/** Each breaks one figure of the proof. */
export const FRESH: [figure: string, statement: string][] = [
  [
    'wrongBalances',
    "update wallet.accounts set balance = balance + 1 where id = (select id from wallet.accounts where purpose = 'available' limit 1)",
  ],
  ['wrongBalances', "update wallet.accounts set balance = balance - 1 where purpose = 'receivable'"],
  [
    'negative',
    "alter table wallet.accounts drop constraint receivable_not_exceeded; update wallet.accounts set balance = 1 where purpose = 'receivable'",
  ],
  ['wrongRollups', 'update wallet.rollups set balance = balance + 1'],
  ['wrongCurrencies', "update wallet.transfers set currency = 'EUR' where seq = (select max(seq) from wallet.transfers)"],
  [
    'wrongCurrencies',
    "update wallet.accounts set currency = 'EUR' where id = (select credit_account from wallet.transfers order by seq desc limit 1)",
  ],
  [
    'wrongCurrencies',
    "update wallet.accounts set currency = 'EUR' where id = (select debit_account from wallet.transfers order by seq desc limit 1)",
  ],
  ['sums', "update wallet.accounts set balance = balance + 5 where purpose = 'available'"],
  [
    'negative',
    "alter table wallet.accounts drop constraint balance_not_negative; update wallet.accounts set balance = -1 where purpose = 'available'",
  ],
  [
    'repeatedKeys',
    'alter table wallet.journals drop constraint journal_once; update wallet.journals set key = (select j.key from wallet.journals j join wallet.transfers t on t.journal_id = j.id order by t.seq limit 1) where id = (select journal_id from wallet.transfers order by seq desc limit 1)',
  ],
  ['wrongHeld', "update wallet.holds set released = amount - captured where reason = 'after'"],
  [
    'strayEscrow',
    "update wallet.accounts set purpose = 'escrow' where id = (select debit_account from wallet.transfers where kind = 'capture' order by seq desc limit 1)",
  ],
  [
    'namelessJournals',
    "alter table wallet.journals drop constraint journals_cause_id_check; update wallet.journals set cause_id = '' where id = (select journal_id from wallet.transfers order by seq desc limit 1)",
  ],
  [
    'brokenJournals',
    'update wallet.journals set entries = 7 where id = (select journal_id from wallet.transfers order by seq desc limit 1)',
  ],
  ['strayTransfers', 'delete from wallet.journals where id = (select journal_id from wallet.transfers order by seq desc limit 1)'],
  [
    'exceededHolds',
    "alter table wallet.holds drop constraint hold_not_exceeded; update wallet.holds set captured = amount + 1 where reason = 'after'",
  ],
  [
    'exceededShares',
    'alter table wallet.payment_shares drop constraint share_not_exceeded, drop constraint share_part_not_exceeded; update wallet.payment_shares set refunded = amount + 1',
  ],
  [
    'wrongPayments',
    `update wallet.payments set amount = amount + 1 where id = (select cause_id::uuid from wallet.journals j join wallet.transfers t on t.journal_id = j.id where cause_kind = 'order' order by t.seq desc limit 1)`,
  ],
  ['wrongTimes', "update wallet.transfers set at = at + interval '1 second' where seq = (select max(seq) from wallet.transfers)"],
  [
    'wrongTimes',
    "update wallet.journals set at = at + interval '1 second' where id = (select journal_id from wallet.transfers order by seq desc limit 1)",
  ],
  ['wrongPayers', `update wallet.payments set payer = 'me' where id = ${NEWEST_PAYMENT}`],
  ['wrongPayers', `update wallet.payments set payer = 'me' where id = ${newest('refund')}`],
  ['wrongPayers', `update wallet.journals set cause_kind = 'order' where cause_id = ${newest('shipment')}::text`],
  ['wrongPayers', `update wallet.payments set at = at + interval '1 second' where id = ${newest('shipment')}`],
  [
    'wrongPayers',
    `update wallet.journals set cause_kind = 'shipment' where key = 'pay:' || ${NEWEST_PAYMENT}; update wallet.payments set payer = 'me' where id = ${NEWEST_PAYMENT}`,
  ],
  ['wrongDeliveries', `update wallet.payment_shares set delivered = 0 where payment_id = ${NEWEST_PAYMENT}`],
  ['wrongDeliveries', `update wallet.payment_shares set delivered = delivered - 1 where payment_id = ${newest('delivery')}`],
  ['wrongDeliveries', `update wallet.payment_shares set delivered = delivered - 1 where payment_id = ${newest('shipment')}`],
  ['wrongPayouts', `update wallet.payouts set amount = amount + 1 where id = ${newest('payout')}`],
  ['wrongPayouts', `update wallet.payouts set owner = 'me' where id = ${newest('payout')}`],
  ['wrongPayouts', `update wallet.payouts set state = 'sent' where id = ${newest('payout')}`],
  ['wrongWriteOffs', 'update wallet.write_offs set amount = amount + 1'],
  ['wrongWriteOffs', "update wallet.write_offs set owner = 'me'"],
  ['wrongWriteOffs', 'delete from wallet.write_offs'],
  ['wrongWriteOffs', `update wallet.journals set cause_kind = 'correction' where cause_id = ${newest('write-off')}::text`],
  ['wrongPayers', 'delete from wallet.closed_owners'],
  ['wrongPayoutMoves', "update wallet.payouts set state = 'failed' where state = 'sent'"],
  ['wrongPayoutMoves', "update wallet.payouts set state = 'sent' where state = 'failed'"],
  ['wrongDeliveryMoves', 'update wallet.payment_shares set delivered = delivered - 1 where delivered > 0'],
  ['wrongPayers', `update wallet.payments set at = at + interval '1 second' where id = ${NEWEST_PAYMENT}`],
  ['wrongHoldTimes', "update wallet.holds set at = at + interval '1 second' where reason = 'after'"],
  ['wrongRefunds', 'update wallet.payment_shares set refunded = refunded + 1 where refunded < amount'],
  ['wrongHoldMoves', 'update wallet.holds set captured = captured + 1 where captured > 0'],
];

/** Changes of what came before the checkpoint. */
export const SEALED: [figure: string, statement: string][] = [
  ['changedTransfers', `update wallet.transfers set at = at - interval '1 day' where seq = ${OLD}`],
  [
    'changedJournals',
    "update wallet.journals set at = at - interval '1 day' where id = (select journal_id from wallet.transfers where seq = 1)",
  ],
  [
    'changedPayments',
    "update wallet.payments set at = at - interval '1 day' where payer = (select owner from wallet.accounts where id = (select credit_account from wallet.transfers where seq = 1))",
  ],
  ['changedHolds', "update wallet.holds set at = at - interval '1 day' where reason = 'before'"],
  ['changedTransfers', `update wallet.transfers set amount = amount + 1 where seq = ${OLD}`],
  ['changedTransfers', `update wallet.transfers set kind = 'correction' where seq = 1`],
  ['changedTransfers', `delete from wallet.transfers where seq = ${OLD}`],
  [
    'changedTransfers',
    `update wallet.transfers as t set amount = o.amount + 1, debit_account = o.credit_account from wallet.transfers as o where t.seq = 2 and o.seq = 3`,
  ],
  ['changedJournals', "update wallet.journals set cause_id = 'x' where id = (select journal_id from wallet.transfers where seq = 1)"],
  ['changedJournals', 'delete from wallet.journals where id = (select journal_id from wallet.transfers where seq = 1)'],
  [
    'changedJournals',
    `insert into wallet.journals (id, cause_kind, cause_id, key, entries, at) values (gen_random_uuid(), 'charge', 'x', 'x', 1, now())`,
  ],
  [
    'changedPayments',
    "update wallet.payments set payer = 'me' where payer = (select owner from wallet.accounts where id = (select credit_account from wallet.transfers where seq = 1))",
  ],
  ['changedPayments', 'update wallet.payment_shares set commission = commission + 1 where refunded + coalesce(delivered, 0) = 0'],
  ['changedPayments', "update wallet.payouts set owner = 'me' where id = (select min(id::text)::uuid from wallet.payouts)"],
  ['changedPayments', "update wallet.payouts set at = at - interval '1 day' where id = (select min(id::text)::uuid from wallet.payouts)"],
  ['changedHolds', "update wallet.holds set owner = 'me' where reason = 'before'"],
  ['changedSums', 'update wallet.sealed_sums set balance = balance + 1'],
  ['changedSums', "update wallet.accounts set owner = owner || 'x' where purpose = 'undelivered'"],
  ['brokenCheckpoints', 'update wallet.checkpoints set through_seq = through_seq - 1'],
  ['brokenCheckpoints', 'update wallet.checkpoints set number = 2'],
  ['brokenCheckpoints', 'delete from wallet.checkpoints'],
  ['brokenCheckpoints', 'delete from wallet.checkpoints; update wallet.rollup_progress set checkpoint = 0'],
];
