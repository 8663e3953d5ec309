create trigger states before update on customers.closures for each row when (old.state <> new.state)
  execute function kernel.keep_states('closing>reopening', 'closing>erasing', 'erasing>erased');
create trigger states_end before delete on customers.closures for each row execute function kernel.keep_states('reopening>');
