-- Who owns what, for which purpose, in which currency. `owner` is the id of a person or a deal, `platform`, or a gateway.
-- Accounts that must never go below zero keep their balance here; those that everybody pays into keep none (see rollups).
create table wallet.accounts (
  id        uuid primary key,
  owner     text not null,
  purpose   text not null check (purpose in ('available', 'held', 'escrow', 'undelivered', 'payable', 'revenue', 'fees', 'tax', 'receivable', 'external')),
  currency  text not null check (currency ~ '^[A-Z]{3}$'),
  guarded   boolean not null generated always as (purpose in ('available', 'held', 'escrow', 'payable')) stored,
  balance   bigint not null default 0,
  opened_at timestamptz not null,
  unique (owner, purpose, currency),
  constraint balance_not_negative check (balance >= 0),
  constraint balance_only_where_guarded check (guarded or balance = 0)
);

-- The transfers that belong together, what caused them, and the key under which they take effect once.
create table wallet.journals (
  id         uuid primary key,
  cause_kind text not null check (cause_kind in ('charge', 'deduct', 'correction', 'order', 'hold', 'deal', 'refund', 'payout')),
  cause_id   text not null check (cause_id <> ''),
  key        text not null,
  entries    int not null check (entries > 0),
  at         timestamptz not null,
  xid        xid8 not null default pg_current_xact_id(),
  constraint journal_once unique (key)
);
create index journals_by_cause on wallet.journals (cause_kind, cause_id);

create table wallet.transfers (
  journal_id     uuid not null,
  line           int not null,
  seq            bigint generated always as identity,
  debit_account  uuid not null,
  credit_account uuid not null,
  currency       text not null,
  amount         bigint not null check (amount > 0),
  kind           text not null,
  at             timestamptz not null,
  primary key (journal_id, line),
  check (debit_account <> credit_account)
);
create index transfers_by_debit on wallet.transfers (debit_account, seq);
create index transfers_in_order on wallet.transfers using brin (seq);
create index transfers_by_credit on wallet.transfers (credit_account, seq);

-- Money set aside: available -> held. A row of amount 0 is the memory of a key that was given up before it took effect.
create table wallet.holds (
  id         uuid primary key,
  owner      text not null,
  currency   text not null,
  amount     bigint not null check (amount >= 0),
  captured   bigint not null default 0 check (captured >= 0),
  released   bigint not null default 0 check (released >= 0),
  reason     text not null,
  expires_at timestamptz,
  at         timestamptz not null,
  is_open    boolean not null generated always as (captured + released < amount) stored,
  constraint hold_not_exceeded check (captured + released <= amount)
);
create index holds_open on wallet.holds (owner, currency) where is_open;
create index holds_expiring on wallet.holds (expires_at) where is_open;

-- A sale that was paid, and each payee's share of it. State `cancelled` with amount 0 is the memory of a key given up.
create table wallet.payments (
  id       uuid primary key,
  payer    text not null,
  currency text not null,
  amount   bigint not null check (amount >= 0),
  state    text not null check (state in ('paid', 'cancelled')),
  at       timestamptz not null
);
create table wallet.payment_shares (
  payment_id          uuid not null references wallet.payments,
  payee               text not null,
  amount              bigint not null check (amount > 0),
  commission          bigint not null check (commission between 0 and amount),
  refunded            bigint not null default 0,
  refunded_commission bigint not null default 0,
  primary key (payment_id, payee),
  constraint share_not_exceeded check (refunded between 0 and amount and refunded_commission between 0 and commission)
);

-- Money that comes in through a gateway: written before the gateway is asked.
create table wallet.charges (
  id              uuid primary key,
  owner           text not null,
  gateway         text not null,
  currency        text not null,
  amount          bigint not null check (amount > 0),
  state           text not null check (state in ('pending', 'succeeded', 'declined')),
  decline_reason  text,
  source_sealed   text,
  principal       text,
  idempotency_key text,
  body_hash       text,
  at              timestamptz not null,
  check (state = 'pending' or source_sealed is null)
);
create unique index charges_once on wallet.charges (principal, idempotency_key) where idempotency_key is not null;
create index charges_owner on wallet.charges (owner, at);
create index charges_pending on wallet.charges (at) where state = 'pending';

-- Money that leaves a wallet: back to a gateway, or by a correction of the staff.
create table wallet.deductions (
  id              uuid primary key,
  owner           text not null,
  kind            text not null check (kind in ('withdrawal', 'correction')),
  gateway         text not null,
  currency        text not null,
  amount          bigint not null check (amount > 0),
  reason          text,
  principal       text,
  idempotency_key text,
  body_hash       text,
  at              timestamptz not null,
  check (kind = 'withdrawal' or reason is not null)
);
create unique index deductions_once on wallet.deductions (principal, idempotency_key) where idempotency_key is not null;

-- Sums of the accounts without a running balance, up to a transfer; what came since is added when they are read.
create table wallet.rollups (
  account_id  uuid primary key references wallet.accounts,
  balance     bigint not null,
  through_seq bigint not null
);
create table wallet.rollup_progress (
  only_row     boolean primary key default true check (only_row),
  through_seq  bigint not null default 0,
  next_seq     bigint not null default 0,
  next_seen_at timestamptz
);
insert into wallet.rollup_progress default values;

-- Transfers and journals are only ever inserted.
create function wallet.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% of wallet.% is refused: the ledger is append-only, correct a mistake by a new transfer', tg_op, tg_table_name;
end $$;
create trigger append_only before update or delete or truncate on wallet.transfers for each statement execute function wallet.refuse_change();
create trigger append_only before update or delete or truncate on wallet.journals for each statement execute function wallet.refuse_change();
create trigger accounts_stay before delete or truncate on wallet.accounts for each statement execute function wallet.refuse_change();

-- An account opens empty, and afterwards only transfers change it, and only its balance.
create function wallet.guard_account() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.balance := 0;
    return new;
  end if;
  if pg_trigger_depth() < 2 or (new.id, new.owner, new.purpose, new.currency) is distinct from (old.id, old.owner, old.purpose, old.currency) then
    raise exception 'the balance of an account follows from its transfers and is not set by hand';
  end if;
  return new;
end $$;
create trigger guard_account before insert or update on wallet.accounts for each row execute function wallet.guard_account();

-- Every insert of transfers: whole journals of this very transaction, accounts of the transfer's currency, and balances that follow.
create function wallet.apply_transfers() returns trigger language plpgsql as $$
declare
  side record;
begin
  if exists (
    select from (select journal_id from inserted group by journal_id) as posted
    left join wallet.journals as j on j.id = posted.journal_id
    where j.id is null or j.xid <> pg_current_xact_id()
       or j.entries <> (select count(*) from wallet.transfers as t where t.journal_id = posted.journal_id)
  ) then
    raise exception 'a journal is written whole, together with its transfers, or not at all' using constraint = 'journal_whole', errcode = 'check_violation';
  end if;
  if exists (
    select from inserted as t
    left join wallet.accounts as d on d.id = t.debit_account and d.currency = t.currency
    left join wallet.accounts as c on c.id = t.credit_account and c.currency = t.currency
    where d.id is null or c.id is null
       or ((d.purpose = 'held' or c.purpose = 'held') and t.kind not in ('hold', 'capture', 'release'))
  ) then
    raise exception 'both accounts of a transfer exist and have its currency, and held money moves by holds only' using constraint = 'transfer_accounts', errcode = 'check_violation';
  end if;
  for side in
    select a.balance, moved.change
    from (
      select account, sum(change)::bigint as change
      from (select debit_account as account, -amount as change from inserted union all select credit_account, amount from inserted) as sides
      group by account
    ) as moved
    join wallet.accounts as a on a.id = moved.account
    where a.guarded order by a.id for no key update of a
  loop
    if side.balance + side.change < 0 then
      raise exception 'a guarded account would go below zero' using constraint = 'balance_not_negative', errcode = 'check_violation',
        detail = json_build_object('available', side.balance, 'needed', -side.change)::text;
    end if;
  end loop;
  update wallet.accounts as a set balance = a.balance + moved.change
  from (
    select account, sum(change)::bigint as change
    from (select debit_account as account, -amount as change from inserted union all select credit_account, amount from inserted) as sides
    group by account
  ) as moved
  where a.id = moved.account and a.guarded;
  return null;
end $$;
create trigger apply_transfers after insert on wallet.transfers referencing new table as inserted for each statement execute function wallet.apply_transfers();

create function wallet.refuse_empty_journal() returns trigger language plpgsql as $$
begin
  if exists (select from inserted as j where not exists (select from wallet.transfers as t where t.journal_id = j.id)) then
    raise exception 'a journal is written whole, together with its transfers, or not at all' using constraint = 'journal_whole', errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger refuse_empty_journal after insert on wallet.journals referencing new table as inserted for each statement execute function wallet.refuse_empty_journal();

-- At commit, what a person has held equals the sum of the open holds.
create function wallet.check_held() returns trigger language plpgsql as $$
declare
  holder text := new.owner;
  money text := new.currency;
begin
  if coalesce((select balance from wallet.accounts where owner = holder and purpose = 'held' and currency = money), 0)
     <> (select coalesce(sum(amount - captured - released), 0) from wallet.holds where owner = holder and currency = money and is_open) then
    raise exception 'held money and open holds differ' using constraint = 'held_equals_holds', errcode = 'check_violation';
  end if;
  return null;
end $$;
create constraint trigger held_equals_holds after insert or update on wallet.holds deferrable initially deferred for each row execute function wallet.check_held();
create constraint trigger held_equals_holds after update of balance on wallet.accounts deferrable initially deferred for each row when (new.purpose = 'held') execute function wallet.check_held();
create trigger holds_stay before delete or truncate on wallet.holds for each statement execute function wallet.refuse_change();
create trigger payments_stay before delete or truncate on wallet.payments for each statement execute function wallet.refuse_change();
create trigger shares_stay before delete or truncate on wallet.payment_shares for each statement execute function wallet.refuse_change();
