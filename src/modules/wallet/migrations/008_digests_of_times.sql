-- Digests that cover the time of a row too. Checkpoints of before have others, and count no longer (checkpoint-rows.ts); their functions and
-- their sums stay for processes of the version before, which may run beside this one; the migration of a later version drops them.
create table wallet.sealed_sums (
  account_id uuid primary key references wallet.accounts,
  balance    numeric not null
);

create function wallet.seal_transfer(key bigint, t wallet.transfers) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(t.journal_id, uuid_hash_extended(t.debit_account, uuid_hash_extended(t.credit_account,
    hashint8extended(t.amount, hashint8extended(t.seq, hashint4extended(t.line, hashtextextended(t.kind, hashtextextended(t.currency,
      interval_hash_extended(t.at - '2000-01-01 00:00:00+00'::timestamptz, key)))))))))
$$;
create function wallet.seal_journal(key bigint, j wallet.journals) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(j.id, hashtextextended(j.key, hashtextextended(j.cause_id, hashtextextended(j.cause_kind, hashint4extended(j.entries,
    interval_hash_extended(j.at - '2000-01-01 00:00:00+00'::timestamptz, key))))))
$$;
create function wallet.seal_payment(key bigint, p wallet.payments) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(p.id, hashint8extended(p.amount, hashtextextended(p.payer, hashtextextended(p.currency,
    interval_hash_extended(p.at - '2000-01-01 00:00:00+00'::timestamptz, key)))))
$$;
create function wallet.seal_hold(key bigint, h wallet.holds) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(h.id, hashint8extended(h.amount, hashtextextended(h.owner, hashtextextended(h.currency,
    interval_hash_extended(h.at - '2000-01-01 00:00:00+00'::timestamptz, key)))))
$$;
create function wallet.seal_sum(key bigint, s wallet.sealed_sums, a wallet.accounts) returns bigint language sql immutable parallel safe as $$
  select uuid_hash_extended(s.account_id, hash_numeric_extended(s.balance,
    hashtextextended(a.owner, hashtextextended(a.purpose, hashtextextended(a.currency, key)))))
$$;
