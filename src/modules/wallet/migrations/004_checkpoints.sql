-- The ledger up to a transfer, as the proof found it: a keyed digest of each kind of row, and the seal over all of it and the
-- checkpoint before. Who changes an old row behind the ledger's back cannot make a digest that fits: its key is not in the database.
create table wallet.checkpoints (
  number          bigint primary key,
  through_seq     bigint not null,
  server_version  int not null,
  transfers       bigint not null,
  transfer_digest bigint not null,
  journal_digest  bigint not null,
  payment_digest  bigint not null,
  hold_digest     bigint not null,
  sums_digest     bigint not null,
  previous_seal   text not null,
  seal            text not null,
  at              timestamptz not null
);
create trigger append_only before update or delete or truncate on wallet.checkpoints for each statement execute function wallet.refuse_change();

-- The sum of each account up to the newest checkpoint.
create table wallet.checkpoint_sums (
  account_id uuid primary key references wallet.accounts,
  balance    numeric not null
);

-- Digests of single rows, from a key (a seed) that the caller brings. They are added by exclusive or, so that order is nothing
-- and new rows can be added to what is there.
create function wallet.transfer_digest(key bigint, t wallet.transfers) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(t.journal_id, uuid_hash_extended(t.debit_account, uuid_hash_extended(t.credit_account,
    hashint8extended(t.amount, hashint8extended(t.seq, hashint4extended(t.line, hashtextextended(t.kind, hashtextextended(t.currency, key))))))))
$$;
create function wallet.journal_digest(key bigint, j wallet.journals) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(j.id, hashtextextended(j.key, hashtextextended(j.cause_id, hashtextextended(j.cause_kind, hashint4extended(j.entries, key)))))
$$;
create function wallet.payment_digest(key bigint, p wallet.payments) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(p.id, hashint8extended(p.amount, hashtextextended(p.payer, hashtextextended(p.currency, key))))
$$;
create function wallet.share_digest(key bigint, s wallet.payment_shares) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(s.payment_id, hashint8extended(s.amount, hashint8extended(s.commission, hashtextextended(s.payee, key))))
$$;
create function wallet.hold_digest(key bigint, h wallet.holds) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(h.id, hashint8extended(h.amount, hashtextextended(h.owner, hashtextextended(h.currency, key))))
$$;
create function wallet.sum_digest(key bigint, s wallet.checkpoint_sums, a wallet.accounts) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(s.account_id, hash_numeric_extended(s.balance,
    hashtextextended(a.owner, hashtextextended(a.purpose, hashtextextended(a.currency, key)))))
$$;
