-- The number of the newest checkpoint, and its seal: checkpoints that somebody deletes are missed. 0 and '' before the first one is made.
alter table wallet.rollup_progress add column checkpoint bigint not null default 0, add column checkpoint_seal text not null default '';

-- What migration 008 replaced.
drop function wallet.sum_digest, wallet.transfer_digest, wallet.journal_digest, wallet.payment_digest, wallet.hold_digest;
drop table wallet.checkpoint_sums;
