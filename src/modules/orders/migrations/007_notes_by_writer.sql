-- What somebody wrote goes with their account.
create index steps_noted_by on orders.steps (by_id) where note is not null;
