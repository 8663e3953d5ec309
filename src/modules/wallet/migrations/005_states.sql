create trigger states before update on wallet.charges for each row when (old.state <> new.state)
  execute function kernel.keep_states('pending>succeeded', 'pending>declined');
create trigger states before update on wallet.payments for each row when (old.state <> new.state)
  execute function kernel.keep_states('paid>cancelled');
