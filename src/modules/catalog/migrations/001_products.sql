create extension if not exists pg_trgm with schema public;
create extension if not exists unaccent with schema public;
create extension if not exists fuzzystrmatch with schema public;

-- Text as people compare it: letter case and accents aside ("Téléphone" is "telephone"), whatever the locale of the server.
create function catalog.key(value text) returns text language plpgsql immutable strict parallel safe as $$
begin
  return lower(public.unaccent('public.unaccent', value) collate "und-x-icu");
end $$;

-- Text as words that search compares: letters and digits only, single spaces; Arabic without vowel marks, its alefs, yas and tas as one.
create function catalog.plain(value text) returns text language plpgsql immutable strict parallel safe as $$
declare
  folded text := catalog.key(value);
begin
  if octet_length(folded) > length(folded) then
    folded := translate(folded, U&'\0623\0625\0622\0671\0649\0629\0640\064B\064C\064D\064E\064F\0650\0651\0652\0670', U&'\0627\0627\0627\0627\064A\0647');
  end if;
  return btrim(regexp_replace(folded collate "und-x-icu", '[^[:alnum:]]+', ' ', 'g'));
end $$;

create table catalog.categories (
  id         uuid primary key,
  slug       text not null unique check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  name       text not null check (length(name) between 1 and 100),
  parent     text references catalog.categories (slug) on update cascade,
  position   int not null
);
insert into catalog.categories (id, slug, name, parent, position) values
  ('0199c0de-0000-7000-8000-000000000001', 'food', 'Food', null, 1),
  ('0199c0de-0000-7000-8000-000000000002', 'clothes', 'Clothes', null, 2),
  ('0199c0de-0000-7000-8000-000000000003', 'accessories', 'Accessories', null, 3),
  ('0199c0de-0000-7000-8000-000000000004', 'electronics', 'Electronics', null, 4),
  ('0199c0de-0000-7000-8000-000000000005', 'phone', 'Phones', 'electronics', 5),
  ('0199c0de-0000-7000-8000-000000000006', 'computer', 'Computers', 'electronics', 6);

-- Prices as one number, so that one column orders them: first by currency, then by amount (below a hundred thousand million minor units).
create function catalog.price_rank(currency text, amount bigint) returns bigint language sql immutable strict parallel safe
return ((ascii(currency) - 65) * 676 + (ascii(substr(currency, 2)) - 65) * 26 + ascii(substr(currency, 3)) - 65) * 100000000000 + amount;

-- What is for sale. The group of columns from `name_key` on is made by catalog.refresh out of the others and of the variants.
-- Some of each page is left free, so that a new `document` after a sale is written in place (HOT); and a document of up
-- to a page stays in its row: a list that reads rows reads nothing else.
create table catalog.products (
  id              uuid primary key,
  seller_id       uuid not null,
  created_at      timestamptz not null,
  version         int not null default 1,
  rating_count    int not null default 0 check (rating_count >= 0),
  rating_average  numeric(3, 2) check (rating_average between 1 and 5),
  rating_rank     bigint not null generated always as (coalesce((rating_average * 100)::bigint, 0) * 1000000000 + rating_count) stored,
  state           text not null check (state in ('draft', 'submitted', 'approved', 'rejected', 'archived')),
  seller_username text not null,
  name            text not null check (length(name) between 1 and 200),
  category        text constraint products_category references catalog.categories (slug) on update cascade,
  type            text check (length(type) between 1 and 100),
  brand           text check (length(brand) between 1 and 100),
  description     text not null check (length(description) <= 5000),
  pending         jsonb,
  rejection       text,
  principal       text,
  idempotency_key text,
  body_hash       text,

  name_key        text collate "C" not null default '',
  price_currency  text not null default 'XXX' check (price_currency ~ '^[A-Z]{3}$'),
  price_amount    bigint not null default 0 check (price_amount between 0 and 99999999999),
  price_rank      bigint not null generated always as (catalog.price_rank(price_currency, price_amount)) stored,
  stock           bigint not null default 0,
  tags            text[] not null default '{}',
  name_words      tsvector not null default '',
  words           tsvector not null default '',
  document        text not null default '{}',

  constraint products_key unique (principal, idempotency_key),
  constraint products_pending_while_approved check (pending is null or state = 'approved')
) with (fillfactor = 80, toast_tuple_target = 8160);

-- One index per order of a public list, once for all products and once within a category.
-- The two that searches walk carry the words of the name along, so that the walk need not look at the rows.
create index products_newest on catalog.products (created_at, id) include (name_words) where state = 'approved';
create index products_name on catalog.products (name_key, id) where state = 'approved';
create index products_price on catalog.products (price_rank, id) where state = 'approved';
create index products_rating on catalog.products (rating_rank, id) where state = 'approved';
create index products_category_newest on catalog.products (category, created_at, id) include (name_words) where state = 'approved';
create index products_category_name on catalog.products (category, name_key, id) where state = 'approved';
create index products_category_price on catalog.products (category, price_rank, id) where state = 'approved';
create index products_category_rating on catalog.products (category, rating_rank, id) where state = 'approved';
-- Whatever else a list is narrowed by: brand, type, seller, options, in stock; and the words of a search.
create index products_tags on catalog.products using gin (tags) where state = 'approved';
create index products_name_words on catalog.products using gin (name_words) where state = 'approved';
create index products_words on catalog.products using gin (words) where state = 'approved';
-- Lists of a seller and of reviewers.
create index products_seller on catalog.products (seller_id, created_at, id);
create index products_waiting on catalog.products (state, created_at, id) where state <> 'approved';
create index products_pending on catalog.products (created_at, id) where pending is not null;

create function catalog.option_tags(options jsonb) returns text[] language plpgsql immutable strict parallel safe as $$
begin
  if options = '{}' then
    return '{}';
  end if;
  return array(select 'option:' || catalog.key(name) || '=' || catalog.key(value) from jsonb_each_text(options) as option (name, value) order by 1);
end $$;

-- `stock` is a copy of what inventory tells (what can still be sold), as fresh as `stock_version`.
create table catalog.variants (
  id             uuid primary key,
  product_id     uuid not null references catalog.products,
  position       int not null,
  sku            text check (length(sku) between 1 and 64),
  options        jsonb not null check (jsonb_typeof(options) = 'object'),
  price_amount   bigint not null check (price_amount > 0),
  price_currency text not null,
  stock          bigint not null check (stock >= 0),
  stock_version  bigint not null,
  option_tags    text[] not null generated always as (catalog.option_tags(options)) stored,
  constraint variants_sku unique (product_id, sku) deferrable,
  constraint variants_options unique (product_id, options) deferrable
) with (fillfactor = 80);

-- Every word that a public product carries, and about how many have it, anywhere (`products`) and in their name (`named`). `near` holds the word and what is left of it
-- without one of its letters: two words that share such a rest are one slip of the finger apart.
-- The empty word stands for all public products.
create table catalog.words (
  word     text collate "C" primary key,
  products int not null default 1,
  named    int not null default 1,
  near     text[] not null
);
create index words_near on catalog.words using gin (near);
create index words_trigrams on catalog.words using gin (word public.gin_trgm_ops);

-- About how many public products carry each tag.
create table catalog.tags (
  tag      text collate "C" primary key,
  products int not null
);

create function catalog.slips(word text) returns text[] language sql immutable strict parallel safe
return case when word ~ '[0-9]' then '{}' else array(select word union select overlay(word placing '' from n for 1) from generate_series(1, length(word)) as n) end;

-- The public JSON of a product, as text, and its parts.
create type catalog.money as (amount bigint, currency text);
create type catalog.seller as (id uuid, username text);
create type catalog.rating as (average numeric, count int);

create function catalog.derived(ids uuid[])
returns table (id uuid, name_key text, price_currency text, price_amount bigint, stock bigint, tags text[], name_words tsvector, words tsvector, document text)
language sql stable as $$
  select product.id, left(catalog.key(product.name), 200), priced.currency, priced.amount, priced.stock,
         array['seller:' || product.seller_id, 'seller:' || lower(product.seller_username), 'brand:' || catalog.plain(product.brand), 'type:' || catalog.plain(product.type),
               case when priced.stock > 0 then 'stock' end] || priced.tags,
         strip(to_tsvector('pg_catalog.simple', catalog.plain(product.name))),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name,
           regexp_replace(array_to_string(priced.tags, ' '), 'option:[^=]*=', ' ', 'g'), left(product.description, 1000))))),
         (select row_to_json(shown) from (
            select product.id, product.name, product.category, product.type, product.brand, product.description,
                   row(product.seller_id, product.seller_username)::catalog.seller as seller,
                   row(priced.amount, priced.currency)::catalog.money as price, priced.stock, priced.variants,
                   '[]'::json as images, row(product.rating_average, product.rating_count)::catalog.rating as rating, product.state,
                   to_char(product.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt", product.version
         ) as shown)::text
  from catalog.products product
  left join catalog.categories category on category.slug = product.category
  cross join lateral (
    select min(variant.price_amount) as amount, min(variant.price_currency) as currency, sum(variant.stock)::bigint as stock,
           ('[' || string_agg((select row_to_json(shown)::text from (select variant.id, variant.sku, variant.options,
                                                                            row(variant.price_amount, variant.price_currency)::catalog.money as price, variant.stock) as shown),
                              ',' order by variant.position) || ']')::json as variants,
           string_to_array(string_agg(array_to_string(variant.option_tags, E'\x1f'), E'\x1f') filter (where variant.option_tags <> '{}'), E'\x1f') as tags
    from catalog.variants variant where variant.product_id = product.id
  ) as priced
  where product.id = any(ids)
$$;

-- Makes the derived columns of products anew. Their rows must be locked by this transaction, or new.
create function catalog.refresh(ids uuid[]) returns void language plpgsql as $$
begin
  update catalog.products product
  set name_key = derived.name_key, price_currency = derived.price_currency, price_amount = derived.price_amount, stock = derived.stock,
      tags = array_remove(derived.tags, null), name_words = derived.name_words, words = derived.words, document = derived.document
  from catalog.derived(ids) as derived
  where product.id = derived.id;

  insert into catalog.words (word, near)
  select lexeme, catalog.slips(lexeme)
  from (select distinct lexeme from catalog.products product, unnest(product.words) where product.id = any(ids) and product.state = 'approved') as carried
  where length(lexeme) between 2 and 40 and not exists (select from catalog.words known where known.word = lexeme)
  order by lexeme
  on conflict (word) do nothing;
end $$;

-- Copies fresher levels. The products are locked first, so that of two batches about one product the later sees what the earlier wrote.
create function catalog.copy_levels(variant_ids uuid[], available bigint[], versions bigint[]) returns int language plpgsql as $$
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
  update catalog.products product
  set stock = derived.stock, document = derived.document,
      tags = case when (product.stock > 0) = (derived.stock > 0) then product.tags
                  when derived.stock > 0 then array_append(product.tags, 'stock') else array_remove(product.tags, 'stock') end
  from catalog.derived(touched) as derived
  where product.id = derived.id;
  return coalesce(cardinality(touched), 0);
end $$;

-- Counts in how many public products each word stands, and forgets words that stand in none. Search takes it as a hint: it need not be exact.
create function catalog.count_words() returns void language sql as $$
  with counted as materialized (
    select word, sum(products)::int as products, sum(named)::int as named
    from (
      select word, ndoc as products, 0 as named from ts_stat('select words from catalog.products where state = ''approved''')
      union all
      select word, 0, ndoc from ts_stat('select name_words from catalog.products where state = ''approved''')
      union all
      select '', count(*), count(*) from catalog.products where state = 'approved'
    ) as counts
    where length(word) between 2 and 40 or word = ''
    group by word
  ),
  forgotten as (
    delete from catalog.words where word not in (select word from counted)
  )
  insert into catalog.words (word, products, named, near)
  select word, products, named, coalesce((select near from catalog.words known where known.word = counted.word), catalog.slips(word)) from counted order by word
  on conflict (word) do update set products = excluded.products, named = excluded.named
  where words.products <> excluded.products or words.named <> excluded.named
$$;

-- Words that somebody may have meant by a word that finds nothing: one slip away (two letters swapped are one slip too), or
-- alike by trigrams; the nearest first.
create function catalog.alike(meant text) returns table (word text, products int, named int) language sql stable as $$
  with near as materialized (
    select known.word, known.products, known.named, public.levenshtein(known.word, meant)
             - (array(select regexp_split_to_table(known.word, '') order by 1) = array(select regexp_split_to_table(meant, '') order by 1))::int as steps
    from (
      select candidate.word, candidate.products, candidate.named from catalog.words candidate where candidate.near && catalog.slips(meant)
      union
      select candidate.word, candidate.products, candidate.named from catalog.words candidate where candidate.word operator(public.%) meant
    ) as known
    where known.word <> meant and length(meant) > 2 and meant !~ '^[0-9]+$'
  )
  select near.word, near.products, near.named from near
  where steps = (select min(steps) from near) and steps <= 1 + length(meant) / 4
  order by near.products desc, near.word limit 2
$$;

create function catalog.count_tags() returns void language sql as $$
  with counted as materialized (
    select tag, count(*)::int as products from catalog.products, unnest(tags) as tag where state = 'approved' group by tag
  ),
  forgotten as (
    delete from catalog.tags where tag not in (select tag from counted)
  )
  insert into catalog.tags (tag, products) select tag, products from counted order by tag
  on conflict (tag) do update set products = excluded.products where tags.products <> excluded.products
$$;

-- What a list asks for. `best` finds products whose name has every word (a word that nobody uses may be the beginning of one);
-- `broad` finds those that have, anywhere, words that begin so. The other two say that so much fits that a walk along the list
-- fills a page sooner than gathering all of it: a walk sees 21 / share rows, gathering sees everything * share of them, and
-- `walking` weighs a row walked by against a row gathered (times 21).
create type catalog.question as (best tsquery, broad tsquery, best_is_common boolean, broad_is_common boolean);

create function catalog.understand(asked text, forgiving boolean, narrowed text[], walking float8) returns catalog.question language plpgsql stable as $$
declare
  everything constant float8 := greatest((select products from catalog.words where word = ''), 1);
  best_share float8 := 1;
  broad_share float8 := 1;
  best text[] := '{}';
  broad text[] := '{}';
  meant text;
  known record;
  begun record;
begin
  foreach meant in array narrowed loop
    select products::bigint into known from catalog.tags where tag = meant;
    broad_share := broad_share * least(coalesce(known.products, 0) / everything, 1);
  end loop;
  best_share := broad_share;
  foreach meant in array (string_to_array(left(catalog.plain(coalesce(asked, '')), 300), ' '))[1:6] loop
    meant := left(meant, 30);
    if forgiving then
      select string_agg(quote_literal(word), ' | ') as best, string_agg(quote_literal(word) || ':*', ' | ') as broad, sum(products) as products, sum(named) as named into known
      from (select meant as word, 0 as products, 0 as named union all select * from catalog.alike(meant)) as alternatives;
      best := best || ('(' || known.best || ')');
      broad := broad || ('(' || known.broad || ')');
      begun := known;
    else
      select products::bigint, named::bigint into known from catalog.words where word = meant;
      select coalesce(sum(products), 0) as products, coalesce(sum(named), 0) as named into begun
      from (select products, named from catalog.words where word >= meant and word < meant || chr(1114111) order by word limit 100) as begun;
      -- A word that no longer word begins with is looked up whole, which is cheaper.
      best := best || case when known is null then quote_literal(meant) || ':*' else quote_literal(meant) end;
      broad := broad || case when known.products = begun.products then quote_literal(meant) else quote_literal(meant) || ':*' end;
    end if;
    best_share := best_share * least(coalesce(known.named, begun.named) / everything, 1);
    broad_share := broad_share * least(begun.products / everything, 1);
  end loop;
  return (nullif(array_to_string(best, ' & '), '')::tsquery, nullif(array_to_string(broad, ' & '), '')::tsquery,
          everything * best_share * best_share > walking, everything * broad_share * broad_share > walking)::catalog.question;
end $$;
