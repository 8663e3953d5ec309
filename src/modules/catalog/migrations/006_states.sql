create trigger states before update on catalog.products for each row when (old.state <> new.state) execute function kernel.keep_states(
  'draft>submitted', 'rejected>submitted', 'submitted>approved', 'submitted>rejected', 'submitted>paused', 'approved>paused', 'paused>approved',
  'draft>archived', 'submitted>archived', 'approved>archived', 'paused>archived', 'rejected>archived');
