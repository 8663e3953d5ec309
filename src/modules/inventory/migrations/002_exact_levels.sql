-- Beyond 2^53-1 neither JSON nor JavaScript writes a whole number exactly. Rows of before are not looked at.
alter table inventory.levels add constraint levels_exact check (on_hand <= 9007199254740991) not valid;
