-- `unclaimed` of the platform: money that belongs to people whose accounts are erased. `losses` of the platform: debts that nobody will pay.
alter table wallet.accounts
  drop constraint accounts_purpose_check,
  add constraint accounts_purpose_check check
    (purpose in ('available', 'held', 'escrow', 'undelivered', 'payable', 'revenue', 'fees', 'tax', 'receivable', 'external', 'unclaimed', 'losses')),
  add constraint accounts_of_platform check (purpose not in ('unclaimed', 'losses') or owner = 'platform');

-- What is left of an owner who is erased goes to the platform by a journal whose cause is the closure.
alter table wallet.journals
  drop constraint journals_cause_kind_check,
  add constraint journals_cause_kind_check check
    (cause_kind in ('charge', 'deduct', 'correction', 'order', 'shipment', 'delivery', 'hold', 'deal', 'refund', 'payout', 'write-off', 'closure')) not valid;

-- Debts that finance has given up.
create table wallet.write_offs (
  id              uuid primary key,
  owner           text not null,
  currency        text not null,
  amount          bigint not null check (amount > 0),
  reason          text,
  decided_by      text not null,
  principal       text,
  idempotency_key text,
  body_hash       text,
  at              timestamptz not null,
  constraint write_off_four_eyes check (decided_by <> owner)
);
create unique index write_offs_once on wallet.write_offs (principal, idempotency_key) where idempotency_key is not null;
create index write_offs_owner on wallet.write_offs (owner);
create trigger write_offs_stay before delete or truncate on wallet.write_offs for each statement execute function wallet.refuse_change();

-- What somebody has asked for in the last day counts towards the limit of approval.
create index payouts_asked on wallet.payouts (owner, currency, at);
