-- What people are told. The text is made when it is shown or sent, in the language of its reader, from the kind and its values.
create table notifications.notifications (
  id         uuid primary key,
  key        text not null unique check (length(key) <= 300), -- one event tells one person once, however often it arrives
  account_id uuid not null,
  kind       text not null,
  text       text not null,
  values     jsonb not null,
  in_app     boolean not null,
  read_at    timestamptz,
  created_at timestamptz not null
);
create index notifications_by_account on notifications.notifications (account_id, id desc);
create index notifications_unread on notifications.notifications (account_id) where in_app and read_at is null;
create index notifications_age on notifications.notifications (created_at);

-- How a notification goes out, once for each channel.
create table notifications.sendings (
  notification_id uuid not null references notifications.notifications on delete cascade,
  channel         text not null check (channel in ('email', 'sms', 'push')),
  state           text not null default 'waiting' check (state in ('waiting', 'sent', 'refused', 'dropped')),
  reason          text,
  tries           int not null default 0,
  lease_until     timestamptz,
  not_before      timestamptz,
  sent_at         timestamptz,
  primary key (notification_id, channel)
);

create trigger states before update on notifications.sendings for each row when (old.state <> new.state)
  execute function kernel.keep_states('waiting>sent', 'waiting>refused', 'waiting>dropped');

-- What a person has chosen: `{"sold:email": false}`, and the time of day when nothing that can wait is sent.
create table notifications.settings (
  account_id  uuid primary key,
  choices     jsonb not null default '{}',
  quiet_from  text check (quiet_from ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  quiet_until text check (quiet_until ~ '^([01]\d|2[0-3]):[0-5]\d$'),
  check ((quiet_from is null) = (quiet_until is null))
);

-- Browsers that take push messages.
create table notifications.devices (
  id                  uuid primary key,
  account_id          uuid not null,
  endpoint_index      text not null unique,
  subscription_sealed text not null,
  created_at          timestamptz not null
);
create index devices_by_account on notifications.devices (account_id, created_at);

-- Addresses that are refused for good. Another address of the same person has another index.
create table notifications.stops (
  account_id    uuid not null,
  channel       text not null check (channel in ('email', 'sms')),
  address_index text not null,
  at            timestamptz not null,
  primary key (account_id, channel)
);

-- How many messages a person was sent on a day (UTC).
create table notifications.days (
  account_id uuid not null,
  channel    text not null,
  day        date not null,
  sent       int not null,
  primary key (account_id, channel, day)
) with (fillfactor = 70);
create index days_age on notifications.days (day);

-- Accounts that are told nothing: suspended, or being closed.
create table notifications.silenced (
  account_id uuid not null,
  cause      text not null check (cause in ('suspended', 'closing')),
  primary key (account_id, cause)
);

-- Variants whose seller was told that few units are left, until there are more again.
create table notifications.low_stock (
  variant_id uuid primary key,
  version    bigint not null
);
