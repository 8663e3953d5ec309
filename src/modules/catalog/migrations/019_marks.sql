-- Each listing gets marks: 512 bits, of which three are set for each of its words, for each word of its names ('=lamp'), for the first
-- three letters of each word ('^lam'), and for each of its tags. The indexes of the orders carry them and the price: a walk along an order reads the
-- index only, and looks at the few listings whose marks fit. What has a digit has no mark: it is rare, and no walk looks for it.
create function catalog.marks(keys text[]) returns bit(512) language sql immutable strict parallel safe as $$
  select coalesce(bit_or(set_bit(set_bit(set_bit(B'0'::bit(512), (hash & 511)::int, 1), (hash >> 16 & 511)::int, 1), (hash >> 32 & 511)::int, 1)), B'0'::bit(512))
  from (select hashtextextended(key, 0) as hash from unnest(keys) as key) as hashed
$$;
create function catalog.marks_of(words tsvector, name_words tsvector, tags text[]) returns bit(512) language sql immutable strict parallel safe as $$
  select catalog.marks(tags || array(
    select key from unnest(tsvector_to_array(words)) as word cross join lateral (values (word), ('^' || left(word, 3))) as keys (key) where key !~ '[0-9]'
    union all select '=' || word from unnest(tsvector_to_array(name_words)) as word where word !~ '[0-9]'))
$$;

drop index catalog.listings_newest, catalog.listings_name, catalog.listings_price, catalog.listings_rating;
alter table catalog.listings add column marks bit(512);
alter table catalog.listings alter column marks type bit(512) using catalog.marks_of(words, name_words, tags), alter column marks set not null;
create index listings_newest on catalog.listings (created_at, id) include (price_rank, marks);
create index listings_name on catalog.listings (name_key, id) include (price_rank, marks);
create index listings_price on catalog.listings (price_rank, id) include (marks);
create index listings_rating on catalog.listings (rating_rank, id) include (price_rank, marks);

create or replace function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), priced.in_stock, product.name_key, product.category, catalog.label(product.brand),
         tagged.tags, coalesce(priced.option_sets, '[]'),
         worded.name_words, worded.words, category.path[1], category.path[2], category.path[3], category.path[4],
         catalog.marks_of(worded.words, worded.name_words, tagged.tags)
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
  cross join lateral (
    select array_remove((select array_agg('category:' || slug) from unnest(category.path) as slug)
                        || array['brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                                 'seller:' || product.seller_id, 'seller:' || lower(normalize(product.seller_username, NFKC))] || priced.tags, null) as tags
    offset 0 -- each of these is made once
  ) as tagged
  cross join lateral (
    select strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, translated.names)))) as name_words,
           strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name, priced.texts, left(product.description, 1000), translated.texts)))) as words
    offset 0
  ) as worded
  where product.id = any(ids) and product.state = 'approved'
$$;

create or replace function catalog.list_anew(ids uuid[]) returns void language sql as $$
  insert into catalog.listings as known select * from catalog.listed(ids)
  on conflict (id) do update
  set seller_id = excluded.seller_id, created_at = excluded.created_at, price_rank = excluded.price_rank, rating_rank = excluded.rating_rank, in_stock = excluded.in_stock, name_key = excluded.name_key,
      category = excluded.category, brand = excluded.brand, tags = excluded.tags, option_sets = excluded.option_sets,
      name_words = excluded.name_words, words = excluded.words, marks = excluded.marks,
      category_1 = excluded.category_1, category_2 = excluded.category_2, category_3 = excluded.category_3, category_4 = excluded.category_4
  where known is distinct from excluded;

  insert into catalog.words (word, near)
  select lexeme, catalog.slips(lexeme)
  from (select distinct lexeme from catalog.listings listing, unnest(listing.words) where listing.id = any(ids)) as carried
  where length(lexeme) between 2 and 40 and lexeme !~ '[0-9]' and not exists (select from catalog.words known where known.word = lexeme)
  order by lexeme
  on conflict (word) do nothing;
$$;
