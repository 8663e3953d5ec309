import { nobody, personal, staysAs, type Tables } from '#kernel/tables.ts';

const BOOKS = 'the books hold ids and figures';

export const tables: Tables = {
  'wallet.accounts': { owner: staysAs(BOOKS) },
  'wallet.charges': {
    owner: staysAs(BOOKS),
    principal: staysAs('who charged, for a repeated call'),
    source_sealed: personal('sealed, until the gateway has answered'),
  },
  'wallet.deductions': {
    owner: staysAs(BOOKS),
    principal: staysAs('who deducted, for a repeated call'),
    reason: personal('written by the owner or staff'),
  },
  'wallet.payouts': {
    owner: staysAs(BOOKS),
    principal: staysAs('who asked, for a repeated call'),
    decided_by: staysAs('who approved or rejected it'),
    destination_sealed: personal('encrypted, until the payout is decided'),
    reason: personal('written by staff'),
  },
  'wallet.write_offs': {
    owner: staysAs(BOOKS),
    principal: staysAs('who wrote it off, for a repeated call'),
    decided_by: staysAs('who wrote it off'),
    reason: personal('written by staff'),
  },
  'wallet.holds': { owner: staysAs(BOOKS) },
  'wallet.journals': { key: staysAs('names whose share was delivered') },
  'wallet.payments': { payer: staysAs(BOOKS) },
  'wallet.payment_shares': { payee: staysAs(BOOKS) },
  'wallet.transfers': { debit_account: nobody('an account of the ledger'), credit_account: nobody('an account of the ledger') },
  'wallet.rollups': { account_id: nobody('an account of the ledger') },
  'wallet.sealed_sums': { account_id: nobody('an account of the ledger') },
  'wallet.closed_owners': { owner: staysAs('so that nothing is charged for the account any more') },
};
