-- A browser that was sent to a provider and is expected back. The state that it brings, and what it was given to keep, are known by keyed hashes.
create table social.journeys (
  state_hash   text primary key,
  browser_hash text not null,
  provider     text not null,
  expires_at   timestamptz not null
);
create index journeys_age on social.journeys (expires_at);

-- What is changed for a session, once. `rev` is the account's as it was recognised: whatever has voided its tokens since voids the ticket too. With a challenge it is changed only for who knows the text that the challenge is the hash of.
create table social.tickets (
  ticket_hash text primary key,
  account_id  uuid not null,
  rev         bigint not null,
  challenge   text,
  expires_at  timestamptz not null
);
create index tickets_age on social.tickets (expires_at);
