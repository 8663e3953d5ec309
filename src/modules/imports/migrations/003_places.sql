-- The row where each product of a file stands first, and the next where its rows do not stand together: it is then refused in both places.
-- Here until the import ends, which removes them.
create table imports.places (
  import_id  uuid not null,
  product_id uuid not null,
  row        int not null,
  apart      int,
  primary key (import_id, product_id)
);
