-- A row goes from state to state only as its machine says (machine.ts). A module makes a trigger `states` with the ways as arguments:
--   create trigger states before update on hats.hats for each row when (old.state <> new.state)
--     execute function kernel.keep_states('new>worn', 'worn>lost');
-- `states_end` before delete takes the ways that end with the row: 'lost>'. test/states.test.ts compares both with the machine.
create function kernel.keep_states() returns trigger language plpgsql as $$
declare
  becomes text := case tg_op when 'DELETE' then '' else new.state end;
begin
  if old.state || '>' || becomes <> all (tg_argv) then
    raise exception '% of %: % cannot become %', tg_op, tg_relid::regclass, old.state, coalesce(nullif(becomes, ''), 'nothing')
      using constraint = tg_name, errcode = 'check_violation';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end $$;
