create trigger states before update on inventory.reservations for each row when (old.state <> new.state) execute function kernel.keep_states(
  'reserved>confirmed', 'taken>released', 'reserved>released', 'confirmed>released', 'reserved>expired');
