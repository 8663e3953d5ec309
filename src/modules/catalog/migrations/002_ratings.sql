-- How fresh the copied rating is: reviews tell it with a version, and an older one that comes late is passed over.
alter table catalog.products add column rating_version bigint not null default 0;

-- Copies a fresher rating. The first update locks the product, so that the document is made of what was copied last.
create function catalog.copy_rating(rated uuid, reviews int, average numeric, version bigint) returns int language plpgsql as $$
begin
  update catalog.products product set rating_count = reviews, rating_average = average, rating_version = copy_rating.version
  where product.id = rated and product.rating_version < copy_rating.version;
  if not found then
    return 0;
  end if;
  update catalog.products product set document = derived.document from catalog.derived(array[rated]) as derived where product.id = derived.id;
  return 1;
end $$;
