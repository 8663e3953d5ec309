-- Variants that a product had once: their stock history stays readable, and a repeated stock change is answered as before.
create table catalog.removed_variants (
  id         uuid primary key,
  product_id uuid not null references catalog.products
);
create index removed_variants_product on catalog.removed_variants (product_id);
