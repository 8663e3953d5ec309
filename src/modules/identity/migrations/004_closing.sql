-- An account that is about to be erased may do nothing while it is asked whether anything of it is still open.
alter table identity.accounts drop constraint accounts_state_check;
alter table identity.accounts add constraint accounts_state_check
  check (state in ('unconfirmed', 'active', 'suspended', 'closing', 'erased'));
