-- Categories that staff change: a tree of at most four levels. `path` has the slugs from the top down to the category itself. The keys
-- below make every path that of the category above with one slug more, so no circle can be written.
alter table catalog.categories
  add column version int not null default 1,
  add column path text[] not null default '{}',
  add column principal text,
  add column idempotency_key text,
  add column body_hash text;
update catalog.categories set path = case when parent is null then array[slug] else array[parent, slug] end;
alter table catalog.categories
  alter column path drop default,
  add column above text[] generated always as (nullif(trim_array(path, 1), '{}')) stored,
  add constraint categories_key unique (principal, idempotency_key),
  add constraint categories_path unique (path),
  add constraint categories_above foreign key (above) references catalog.categories (path),
  add constraint categories_levels check (cardinality(path) between 1 and 4),
  add constraint categories_in_path check (path[cardinality(path)] = slug and parent is not distinct from path[cardinality(path) - 1]);
create index categories_parent on catalog.categories (parent);
-- Products of a category in every state, for the job that lists them anew, and for the key that keeps a category in use.
create index products_category on catalog.products (category, id);

-- The category of a listing and those above it, by level. A list of a category is read from the index of its level, and so has what is
-- in the categories below too, for the price of one index entry for each level.
alter table catalog.listings
  add column category_1 text collate "C",
  add column category_2 text collate "C",
  add column category_3 text collate "C",
  add column category_4 text collate "C";

create or replace function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), priced.in_stock, product.name_key, product.category, catalog.label(product.brand),
         array_remove((select array_agg('category:' || slug) from unnest(category.path) as slug)
                      || array['brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                               'seller:' || product.seller_id, 'seller:' || lower(normalize(product.seller_username, NFKC))] || priced.tags, null),
         coalesce(priced.option_sets, '[]'),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(product.name))),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name, priced.texts, left(product.description, 1000))))),
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
  where product.id = any(ids) and product.state = 'approved'
$$;

-- Makes what lists know of products anew. Their rows must be locked by this transaction, or new.
create function catalog.list_anew(ids uuid[]) returns void language sql as $$
  insert into catalog.listings as known select * from catalog.listed(ids)
  on conflict (id) do update
  set seller_id = excluded.seller_id, created_at = excluded.created_at, price_rank = excluded.price_rank, rating_rank = excluded.rating_rank, in_stock = excluded.in_stock, name_key = excluded.name_key,
      category = excluded.category, brand = excluded.brand, tags = excluded.tags, option_sets = excluded.option_sets,
      name_words = excluded.name_words, words = excluded.words,
      category_1 = excluded.category_1, category_2 = excluded.category_2, category_3 = excluded.category_3, category_4 = excluded.category_4
  where known is distinct from excluded;

  insert into catalog.words (word, near)
  select lexeme, catalog.slips(lexeme)
  from (select distinct lexeme from catalog.listings listing, unnest(listing.words) where listing.id = any(ids)) as carried
  where length(lexeme) between 2 and 40 and lexeme !~ '[0-9]' and not exists (select from catalog.words known where known.word = lexeme)
  order by lexeme
  on conflict (word) do nothing;
$$;

create or replace function catalog.store_copies(ids uuid[], documents text[]) returns void language plpgsql as $$
begin
  update catalog.products product
  set document = made.document, name_key = left(catalog.key(product.name), 200), price_currency = priced.currency, price_amount = priced.amount
  from unnest(ids, documents) as made (id, document)
  cross join lateral (select min(price_currency) as currency, min(price_amount) as amount from catalog.variants where product_id = made.id) as priced
  where product.id = made.id;
  perform catalog.list_anew(ids);
end $$;

update catalog.listings listing
set category_1 = category.path[1], category_2 = category.path[2],
    tags = (select array_agg('category:' || slug) from unnest(category.path) as slug) || array_remove(listing.tags, 'category:' || listing.category)
from catalog.categories category where category.slug = listing.category;

-- Built after the rows were written, which costs less. The indexes of `category` are dropped in a later version: processes of the version
-- before read them.
create index listings_category_1_newest on catalog.listings (category_1, created_at, id) where category_1 is not null;
create index listings_category_1_name on catalog.listings (category_1, name_key, id) where category_1 is not null;
create index listings_category_1_price on catalog.listings (category_1, price_rank, id) where category_1 is not null;
create index listings_category_1_rating on catalog.listings (category_1, rating_rank, id) where category_1 is not null;
create index listings_category_2_newest on catalog.listings (category_2, created_at, id) where category_2 is not null;
create index listings_category_2_name on catalog.listings (category_2, name_key, id) where category_2 is not null;
create index listings_category_2_price on catalog.listings (category_2, price_rank, id) where category_2 is not null;
create index listings_category_2_rating on catalog.listings (category_2, rating_rank, id) where category_2 is not null;
create index listings_category_3_newest on catalog.listings (category_3, created_at, id) where category_3 is not null;
create index listings_category_3_name on catalog.listings (category_3, name_key, id) where category_3 is not null;
create index listings_category_3_price on catalog.listings (category_3, price_rank, id) where category_3 is not null;
create index listings_category_3_rating on catalog.listings (category_3, rating_rank, id) where category_3 is not null;
create index listings_category_4_newest on catalog.listings (category_4, created_at, id) where category_4 is not null;
create index listings_category_4_name on catalog.listings (category_4, name_key, id) where category_4 is not null;
create index listings_category_4_price on catalog.listings (category_4, price_rank, id) where category_4 is not null;
create index listings_category_4_rating on catalog.listings (category_4, rating_rank, id) where category_4 is not null;
