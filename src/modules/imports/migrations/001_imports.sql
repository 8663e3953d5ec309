-- Files of products on their way into the catalog. Nothing of a file is saved before all of it has arrived.
create table imports.imports (
  id         uuid primary key,
  state      text not null check (state in ('receiving', 'running', 'done', 'failed')),
  created_by uuid not null,
  rows       int not null default 0,
  done       int not null default 0,
  refused    int not null default 0,
  reported   int not null default 0,
  failure    text,
  created_at timestamptz not null,
  changed_at timestamptz not null,
  check (done + refused <= rows)
);
create index imports_created_by on imports.imports (created_by, id);
create index imports_open on imports.imports (changed_at) where state in ('receiving', 'running');
create index imports_ended on imports.imports (changed_at) where state in ('done', 'failed');
create trigger states before update on imports.imports for each row when (old.state <> new.state)
  execute function kernel.keep_states('receiving>running', 'receiving>failed', 'running>done');
create trigger states_end before delete on imports.imports for each row execute function kernel.keep_states('done>', 'failed>');

-- Products of a file that are not saved yet, some at a time: `rows` of the file. A chunk goes when its products are saved.
create table imports.chunks (
  import_id uuid not null references imports.imports on delete cascade,
  seq       int not null,
  part      int not null default 0,
  rows      int not null,
  products  jsonb not null,
  primary key (import_id, seq, part)
);

-- Why rows were refused, by the number of the row in the file; the header is row 1.
create table imports.refusals (
  import_id uuid not null references imports.imports on delete cascade,
  row       int not null,
  "column"  text not null,
  reason    text not null,
  primary key (import_id, row, "column")
);

-- What files call products that Souk gave another id.
create table imports.names (
  product_id uuid primary key,
  name       text not null unique check (length(name) <= 100)
);
