-- Fails the statement that writes an order as placed while its buyer or a seller is leaving, so that what was sent behind it takes no effect.
-- It locks and looks as `orders.all_stay` does, which processes of before still call.
create function orders.demand_all_stay(accounts uuid[]) returns boolean language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(7281, uuid_hash(account)) from unnest(accounts) as account;
  if exists (select from orders.closed_accounts where account_id = any(accounts)) then
    raise exception 'the buyer or a seller is leaving' using constraint = 'parties_stay', errcode = 'check_violation';
  end if;
  return true;
end $$;
