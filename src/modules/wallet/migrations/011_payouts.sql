-- Money on its way to a seller. It has left `payable` when the row is there, so that it cannot be asked for twice; if it is not sent, it comes back.
create table wallet.payouts (
  id                 uuid primary key,
  owner              text not null,
  currency           text not null,
  amount             bigint not null check (amount > 0),
  state              text not null check (state in ('waiting', 'pending', 'sent', 'failed', 'rejected')),
  destination_sealed text,
  decided_by         text,
  reason             text,
  failure            text,
  principal          text,
  idempotency_key    text,
  body_hash          text,
  at                 timestamptz not null,
  decided_at         timestamptz,
  ended_at           timestamptz,
  lease_until        timestamptz not null,
  constraint payout_four_eyes check (decided_by <> owner),
  constraint payout_ended check ((state in ('sent', 'failed', 'rejected')) = (ended_at is not null)),
  constraint payout_forgets_destination check (ended_at is null or destination_sealed is null)
);
create unique index payouts_once on wallet.payouts (principal, idempotency_key) where idempotency_key is not null;
create index payouts_owner on wallet.payouts (owner, id);
create index payouts_state on wallet.payouts (state, id);
create index payouts_pending on wallet.payouts (lease_until) where state = 'pending';
create trigger payouts_stay before delete or truncate on wallet.payouts for each statement execute function wallet.refuse_change();
create trigger states before update on wallet.payouts for each row when (old.state <> new.state)
  execute function kernel.keep_states('waiting>pending', 'waiting>rejected', 'pending>sent', 'pending>failed');

create function wallet.seal_payout(key bigint, p wallet.payouts) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(p.id, hashint8extended(p.amount, hashtextextended(p.owner, hashtextextended(p.currency,
    interval_hash_extended(p.at - '2000-01-01 00:00:00+00'::timestamptz, key)))))
$$;
