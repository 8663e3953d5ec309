-- The document of a product is made by the code (product-document.ts). The stock in it counts no longer: readers put in the figures of
-- catalog.variants. So a sale changes rows of variants only, in place. Documents of before stay as they are: their shape is the same.
-- catalog.derived, refresh, copy_levels, copy_rating and products.stock stay for processes of the version before, which may run
-- beside this one while it is rolled out; the migration of a later version drops them.

create or replace function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), priced.in_stock, product.name_key, product.category, catalog.label(product.brand),
         array_remove(array['category:' || product.category, 'brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                            'seller:' || product.seller_id, 'seller:' || lower(product.seller_username)] || priced.tags, null),
         coalesce(priced.option_sets, '[]'),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(product.name))),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name, priced.texts, left(product.description, 1000)))))
  from catalog.products product
  left join catalog.categories category on category.slug = product.category
  cross join lateral (
    select coalesce(bool_or(stock > 0), false) as in_stock,
           jsonb_agg(to_jsonb(option_tags) order by position) filter (where option_tags <> '{}') as option_sets,
           (select array_agg(distinct tag) from catalog.variants of_product, unnest(option_tags) as tag where of_product.product_id = product.id) as tags,
           string_agg(concat_ws(' ', sku, (select string_agg(value, ' ') from jsonb_each_text(options))), ' ' order by position) as texts
    from catalog.variants variant where variant.product_id = product.id
  ) as priced
  where product.id = any(ids) and product.state = 'approved'
$$;

-- Stores the documents of products, and makes what lists know of them. Their rows must be locked by this transaction, or new.
create function catalog.store_copies(ids uuid[], documents text[]) returns void language plpgsql as $$
begin
  update catalog.products product
  set document = made.document, name_key = left(catalog.key(product.name), 200), price_currency = priced.currency, price_amount = priced.amount,
      stock = priced.stock
  from unnest(ids, documents) as made (id, document)
  cross join lateral (select min(price_currency) as currency, min(price_amount) as amount, sum(stock)::bigint as stock from catalog.variants where product_id = made.id) as priced
  where product.id = made.id;

  insert into catalog.listings as known select * from catalog.listed(ids)
  on conflict (id) do update
  set seller_id = excluded.seller_id, created_at = excluded.created_at, price_rank = excluded.price_rank, rating_rank = excluded.rating_rank, in_stock = excluded.in_stock, name_key = excluded.name_key,
      category = excluded.category, brand = excluded.brand, tags = excluded.tags, option_sets = excluded.option_sets,
      name_words = excluded.name_words, words = excluded.words
  where known is distinct from excluded;

  insert into catalog.words (word, near)
  select lexeme, catalog.slips(lexeme)
  from (select distinct lexeme from catalog.listings listing, unnest(listing.words) where listing.id = any(ids)) as carried
  where length(lexeme) between 2 and 40 and lexeme !~ '[0-9]' and not exists (select from catalog.words known where known.word = lexeme)
  order by lexeme
  on conflict (word) do nothing;
end $$;

-- Copies fresher levels. The products are locked first, so that of two batches about one product the later sees what the earlier wrote.
create function catalog.copy_stock(variant_ids uuid[], available bigint[], versions bigint[]) returns int language plpgsql as $$
declare
  touched uuid[];
begin
  perform from catalog.products where id in (select product_id from catalog.variants where id = any(variant_ids)) order by id for no key update;
  with copied as (
    update catalog.variants variant set stock = level.available, stock_version = level.version
    from unnest(variant_ids, available, versions) as level (variant_id, available, version)
    where variant.id = level.variant_id and variant.stock_version < level.version
    returning variant.product_id
  )
  select array_agg(distinct product_id) into touched from copied;
  update catalog.listings listing set in_stock = not in_stock
  where listing.id = any(touched)
    and in_stock <> exists (select from catalog.variants variant where variant.product_id = listing.id and variant.stock > 0);
  return coalesce(cardinality(touched), 0);
end $$;
