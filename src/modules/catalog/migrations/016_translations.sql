-- Name and description of a product in other languages, by BCP 47 language tag: {"fr": {"name": "Lampe"}}. A search finds their words as it
-- finds those of the first language, in the same index. What is sorted and sold by name goes by the name of the product.
alter table catalog.products
  add column translations jsonb not null default '{}',
  add constraint products_translations
    check (jsonb_typeof(translations) = 'object' and jsonb_array_length(jsonb_path_query_array(translations, '$.keyvalue()')) <= 20);

create or replace function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), priced.in_stock, product.name_key, product.category, catalog.label(product.brand),
         array_remove((select array_agg('category:' || slug) from unnest(category.path) as slug)
                      || array['brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                               'seller:' || product.seller_id, 'seller:' || lower(normalize(product.seller_username, NFKC))] || priced.tags, null),
         coalesce(priced.option_sets, '[]'),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, translated.names)))),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name, priced.texts, left(product.description, 1000), translated.texts)))),
         category.path[1], category.path[2], category.path[3], category.path[4]
  from catalog.products product
  left join catalog.categories category on category.slug = product.category
  cross join lateral (
    select coalesce(bool_or(stock > 0), false) as in_stock,
           jsonb_agg(to_jsonb(option_tags) order by position) filter (where option_tags <> '{}') as option_sets,
           (select array_agg(distinct tag) from catalog.variants of_product, unnest(option_tags) as tag where of_product.product_id = product.id) as tags,
           string_agg(concat_ws(' ', sku, (select string_agg(value, ' ') from jsonb_each_text(options))), ' ' order by position) as texts
    from catalog.variants variant where variant.product_id = product.id
  ) as priced
  cross join lateral (
    select string_agg(text ->> 'name', ' ') as names, string_agg(concat_ws(' ', text ->> 'name', left(text ->> 'description', 1000)), ' ') as texts
    from jsonb_each(product.translations) as translation (language, text)
  ) as translated
  where product.id = any(ids) and product.state = 'approved'
$$;

-- Why the image that a product or a category was announced with was refused; empty while nobody knows better than that it has not come.
alter table catalog.products add column image_refusal text;
alter table catalog.categories add column image_refusal text;
