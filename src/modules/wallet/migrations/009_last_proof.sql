-- When the ledger was last proven without a fault: one row, read by the metrics.
create table wallet.last_proof (
  one boolean primary key default true check (one),
  at  timestamptz not null
);
