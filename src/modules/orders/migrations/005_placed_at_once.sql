-- An order that is written in the transaction that places it is not seen before it is placed. So it holds this lock until it commits, and
-- who closes an account asks for the same lock alone (closed-account.ts), and so waits for those orders. An order that comes later sees the
-- closed account: each statement of a function has a snapshot of its own, and the second one here is taken under the lock.
create function orders.all_stay(accounts uuid[]) returns boolean language plpgsql volatile as $$
begin
  perform pg_advisory_xact_lock_shared(7281, uuid_hash(account)) from unnest(accounts) as account;
  return not exists (select from orders.closed_accounts where account_id = any(accounts));
end $$;
