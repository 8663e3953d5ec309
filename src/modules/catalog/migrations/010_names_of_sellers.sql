-- Names of sellers are compared as usernames are everywhere: letter case and compatible forms of letters (NFKC) aside.
create or replace function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), priced.in_stock, product.name_key, product.category, catalog.label(product.brand),
         array_remove(array['category:' || product.category, 'brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                            'seller:' || product.seller_id, 'seller:' || lower(normalize(product.seller_username, NFKC))] || priced.tags, null),
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

update catalog.listings listing set tags = made.tags
from catalog.listed(array(select id from catalog.products where state = 'approved' and seller_username is not nfkc normalized)) as made
where made.id = listing.id;
