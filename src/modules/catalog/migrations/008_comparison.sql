-- How far the comparison of copies with their sources has come (compare-copies.ts), and what was behind at its last look: stock
-- and states that follow events may be on their way. One row.
create table catalog.comparison (
  is_only boolean primary key default true check (is_only),
  after   uuid,
  behind  jsonb not null default '{"variants": [], "products": []}'
);
insert into catalog.comparison default values;
