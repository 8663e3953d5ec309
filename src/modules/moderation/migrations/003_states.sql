create trigger states before update on moderation.items for each row when (old.state <> new.state)
  execute function kernel.keep_states('open>decided');
