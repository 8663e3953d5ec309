-- How often the push service of a browser has failed in a row, and since when. One that fails for days is forgotten.
alter table notifications.devices
  add column failures int not null default 0,
  add column failing_since timestamptz;

-- Quiet hours that end when they begin were none.
update notifications.settings set quiet_from = null, quiet_until = null where quiet_from = quiet_until;
alter table notifications.settings add constraint quiet_hours_differ check (quiet_from <> quiet_until);
