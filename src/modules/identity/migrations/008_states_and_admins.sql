-- An account goes from state to state as its machine says (account-state.ts). Only one that nobody has confirmed is ever deleted.
create trigger states before update on identity.accounts for each row when (old.state <> new.state)
  execute function kernel.keep_states('unconfirmed>active', 'active>suspended', 'suspended>active', 'active>closing', 'closing>active', 'closing>erased');
create trigger states_end before delete on identity.accounts for each row execute function kernel.keep_states('unconfirmed>');

-- One active admin stays, however many change at once: who stops being one waits for all others who do, and then looks. An operator may
-- set souk.even_last_admin for a transaction.
create function identity.keep_an_admin() returns trigger language plpgsql as $$
begin
  if current_setting('souk.even_last_admin', true) = 'on' then
    return new;
  end if;
  perform pg_advisory_xact_lock(7281004);
  if not exists (select from identity.accounts where id <> old.id and state = 'active' and 'admin' = any (roles)) then
    raise exception 'no active admin would be left' using constraint = 'an_admin_stays', errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger an_admin_stays before update of state, roles on identity.accounts for each row
  when (old.state = 'active' and 'admin' = any (old.roles) and not (new.state = 'active' and 'admin' = any (new.roles)))
  execute function identity.keep_an_admin();
