-- Beyond 2^53-1 neither JSON nor JavaScript writes a whole number exactly. Rows of before are not looked at.
alter table wallet.accounts add constraint balance_exact check (balance <= 9007199254740991) not valid;

-- Accounts that everybody pays into have no upper end.
alter table wallet.rollups alter column balance type numeric;
