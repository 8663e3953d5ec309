drop trigger keep_decision on orders.orders;
drop function orders.keep_decision();
create trigger states before update on orders.orders for each row when (old.state <> new.state)
  execute function kernel.keep_states('placing>placed', 'placing>rejected');
