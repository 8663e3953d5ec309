-- Since when a product or a change of it waits for review. Empty where a version before wrote it: then it is the age of the product.
alter table catalog.products add column waiting_since timestamptz;
create index products_approvals on catalog.products ((coalesce(waiting_since, created_at)), id) where state = 'submitted' or pending is not null;

-- Copies fresher levels as catalog.copy_stock does, but for variants of public products that were sold out and can be bought again:
-- their ids are answered, since that is news that is told in the transaction which copies it.
create function catalog.follow_stock(variant_ids uuid[], available bigint[], versions bigint[]) returns setof uuid language plpgsql as $$
declare
  back uuid[] := array(
    select variant.id
    from unnest(variant_ids, available, versions) as level (variant_id, available, version)
    join catalog.variants variant on variant.id = level.variant_id
    join catalog.products product on product.id = variant.product_id
    where level.available > 0 and variant.stock = 0 and variant.stock_version < level.version and product.state = 'approved');
begin
  perform catalog.copy_stock(array_agg(level.variant_id), array_agg(level.available), array_agg(level.version))
  from unnest(variant_ids, available, versions) as level (variant_id, available, version) where level.variant_id <> all(back);
  return query select unnest(back);
end $$;
