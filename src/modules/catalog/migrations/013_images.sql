-- Images of products, by the id that media gives them. They are announced, then here (`image`), then shown (`position`). Those of approved
-- products that their sellers send are here and wait in `products.pending`. The trusted ones were announced by staff: nobody reviews them.
create table catalog.product_images (
  id         uuid primary key,
  product_id uuid not null references catalog.products,
  is_trusted boolean not null,
  alt        text not null check (length(alt) <= 300),
  image      jsonb,
  position   int,
  body_hash  text,
  created_at timestamptz not null,
  constraint product_images_shown_are_here check (position is null or image is not null)
);
create index product_images_product on catalog.product_images (product_id);

-- When a product or a category that was announced with an image is removed, if the image has not come. Empty when it has.
alter table catalog.products add column image_due_at timestamptz;
create index products_image_due on catalog.products (image_due_at, id) where image_due_at is not null;
alter table catalog.categories add column image jsonb, add column image_due_at timestamptz, add column created_by uuid;
