-- What a seller owes the platform stands in `receivable`, at or below zero. It has a stored balance too, so that netting sees it under a lock.
alter table wallet.accounts
  drop constraint balance_only_where_guarded,
  drop constraint balance_not_negative,
  drop column guarded,
  add column guarded boolean not null generated always as (purpose in ('available', 'held', 'escrow', 'payable', 'receivable')) stored,
  add constraint balance_not_negative check (balance >= 0 or purpose = 'receivable'),
  add constraint receivable_not_exceeded check (balance <= 0 or purpose <> 'receivable'),
  add constraint balance_only_where_guarded check (guarded or balance = 0);

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
  when (pg_trigger_depth() = 0 or (new.balance < 0 and new.purpose <> 'receivable')) execute function wallet.guard_account();

-- What was moved from `undelivered` to `payable` of a share; null until it is delivered. Of the platform's own share nothing moves: 0.
alter table wallet.payment_shares
  add column delivered bigint,
  add constraint share_delivered check (delivered between 0 and amount - commission) not valid,
  add constraint share_part_not_exceeded check (payee = 'platform' or refunded - refunded_commission <= amount - commission) not valid;

-- A delivered share stays delivered, with what was moved.
create trigger delivered_stays before update on wallet.payment_shares for each row
  when (old.delivered is not null and new.delivered is distinct from old.delivered) execute function wallet.refuse_change();

-- A delivery names the payment; the payment of a shipment by cash names the shipment, and has the key of a payment.
alter table wallet.journals
  drop constraint journals_cause_kind_check,
  add constraint journals_cause_kind_check check
    (cause_kind in ('charge', 'deduct', 'correction', 'order', 'shipment', 'delivery', 'hold', 'deal', 'refund', 'payout')) not valid,
  drop constraint journals_order_key,
  add constraint journals_order_key check (cause_kind not in ('order', 'shipment') or key = 'pay:' || cause_id) not valid;
