-- A journal is whole when lines 1 to `entries` stand, and no other line may follow. So neither has to count what the other wrote,
-- and the transaction that wrote a journal need not be remembered.
create or replace function wallet.refuse_empty_journal() returns trigger language plpgsql as $$
begin
  if exists (
    select from inserted as j
    where j.entries <> (select count(*) from wallet.transfers as t where t.journal_id = j.id and t.line between 1 and j.entries)
  ) then
    raise exception 'a journal is written whole, together with its transfers, or not at all' using constraint = 'journal_whole', errcode = 'check_violation';
  end if;
  return null;
end $$;

-- Every insert of transfers: lines of a journal, accounts of the transfer's currency, and balances that follow. One pass over what was
-- inserted; then one update for each guarded account, in the order of their ids.
create or replace function wallet.apply_transfers() returns trigger language plpgsql as $$
declare
  side record;
begin
  for side in
    select moved.account, moved.change, moved.is_whole, a.guarded,
           (a.currency = moved.currency and moved.is_one_currency and (a.purpose <> 'held' or moved.is_hold)) as fits
    from (
      select s.account, sum(s.change)::bigint as change, min(t.currency) as currency, min(t.currency) = max(t.currency) as is_one_currency,
             bool_and(t.kind in ('hold', 'capture', 'release')) as is_hold, bool_and(coalesce(t.line between 1 and j.entries, false)) as is_whole
      from inserted as t left join wallet.journals as j on j.id = t.journal_id
      cross join lateral (values (t.debit_account, -t.amount), (t.credit_account, t.amount)) as s (account, change)
      group by s.account
    ) as moved
    left join wallet.accounts as a on a.id = moved.account
    order by moved.account
  loop
    if not side.is_whole then
      raise exception 'a journal is written whole, together with its transfers, or not at all' using constraint = 'journal_whole', errcode = 'check_violation';
    end if;
    if side.fits is not true then
      raise exception 'both accounts of a transfer exist and have its currency, and held money moves by holds only' using constraint = 'transfer_accounts', errcode = 'check_violation';
    end if;
    if side.guarded then
      update wallet.accounts set balance = balance + side.change where id = side.account;
    end if;
  end loop;
  return null;
end $$;

-- An account opens empty, and afterwards only transfers change it, and only its balance, and never below zero. The conditions stand in
-- the triggers, so that what is as it should be calls no function.
create or replace function wallet.guard_account() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.balance := 0;
    return new;
  end if;
  if pg_trigger_depth() > 1 and new.balance < 0 then
    raise exception 'a guarded account would go below zero' using constraint = 'balance_not_negative', errcode = 'check_violation',
      detail = json_build_object('available', old.balance, 'needed', old.balance - new.balance)::text;
  end if;
  raise exception 'the balance of an account follows from its transfers and is not set by hand';
end $$;
drop trigger guard_account on wallet.accounts;
create trigger guard_account before update of balance on wallet.accounts for each row
  when (pg_trigger_depth() = 0 or new.balance < 0) execute function wallet.guard_account();
create trigger guard_identity before update of id, owner, purpose, currency on wallet.accounts for each row execute function wallet.guard_account();
create trigger guard_opening before insert on wallet.accounts for each row when (new.balance <> 0) execute function wallet.guard_account();

alter table wallet.journals drop column xid;

-- The journal of an order has a key that names the order, so only other causes need an index of their own.
alter table wallet.journals add constraint journals_order_key check (cause_kind <> 'order' or key = 'pay:' || cause_id) not valid;
drop index wallet.journals_by_cause;
create index journals_by_cause on wallet.journals (cause_kind, cause_id) where cause_kind <> 'order';

-- A balance that changes often is rewritten in place (HOT), where its page has room.
alter table wallet.accounts set (fillfactor = 70);
