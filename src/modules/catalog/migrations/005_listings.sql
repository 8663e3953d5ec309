-- Lists and search read a table of their own: one narrow row for each public product, with what lists are narrowed, sorted and
-- searched by. Its rows lie close together, so that a list may look at thousands; documents are read for one page only.
-- docs/decisions/0016-listings.md tells why, and the measured figures.

-- Text as people compare it: letter case and accents aside ("Téléphone" is "telephone"), compatible forms as one (Unicode NFKC: composed and
-- decomposed letters, full-width forms), the digits of all scripts as 0 to 9; whatever the locale of the server.
create or replace function catalog.key(value text) returns text language plpgsql immutable strict parallel safe as $$
begin
  if octet_length(value) > length(value) then
    value := translate(normalize(value, NFKC), U&'\0660\0661\0662\0663\0664\0665\0666\0667\0668\0669\06F0\06F1\06F2\06F3\06F4\06F5\06F6\06F7\06F8\06F9\07C0\07C1\07C2\07C3\07C4\07C5\07C6\07C7\07C8\07C9\0966\0967\0968\0969\096A\096B\096C\096D\096E\096F\09E6\09E7\09E8\09E9\09EA\09EB\09EC\09ED\09EE\09EF\0A66\0A67\0A68\0A69\0A6A\0A6B\0A6C\0A6D\0A6E\0A6F\0AE6\0AE7\0AE8\0AE9\0AEA\0AEB\0AEC\0AED\0AEE\0AEF\0B66\0B67\0B68\0B69\0B6A\0B6B\0B6C\0B6D\0B6E\0B6F\0BE6\0BE7\0BE8\0BE9\0BEA\0BEB\0BEC\0BED\0BEE\0BEF\0C66\0C67\0C68\0C69\0C6A\0C6B\0C6C\0C6D\0C6E\0C6F\0CE6\0CE7\0CE8\0CE9\0CEA\0CEB\0CEC\0CED\0CEE\0CEF\0D66\0D67\0D68\0D69\0D6A\0D6B\0D6C\0D6D\0D6E\0D6F\0E50\0E51\0E52\0E53\0E54\0E55\0E56\0E57\0E58\0E59\0ED0\0ED1\0ED2\0ED3\0ED4\0ED5\0ED6\0ED7\0ED8\0ED9\0F20\0F21\0F22\0F23\0F24\0F25\0F26\0F27\0F28\0F29\1040\1041\1042\1043\1044\1045\1046\1047\1048\1049\17E0\17E1\17E2\17E3\17E4\17E5\17E6\17E7\17E8\17E9\1810\1811\1812\1813\1814\1815\1816\1817\1818\1819', '012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789');
  end if;
  return lower(public.unaccent('public.unaccent', value) collate "und-x-icu");
end $$;

-- Arabic without vowel marks, its alefs, yas and tas as one; every gap one space. Symbols stay: "C#" is not "C++".
create function catalog.label(value text) returns text language plpgsql immutable strict parallel safe as $$
declare
  folded text := catalog.key(value);
begin
  if octet_length(folded) > length(folded) then
    folded := translate(folded, U&'\0623\0625\0622\0671\0649\0629\0640\064B\064C\064D\064E\064F\0650\0651\0652\0670', U&'\0627\0627\0627\0627\064A\0647');
  end if;
  return btrim(regexp_replace(folded, '\s+', ' ', 'g'));
end $$;

-- Text as words that search compares: letters and digits only.
create or replace function catalog.plain(value text) returns text language sql immutable strict parallel safe
return btrim(regexp_replace(catalog.label(value) collate "und-x-icu", '[^[:alnum:]]+', ' ', 'g'));

-- Variants that differ in letter case only cannot be told apart by those who buy them: of old ones the later gets an option that tells.
update catalog.variants variant set options = variant.options || jsonb_build_object('variant', (variant.position + 1)::text)
from (select id, row_number() over (partition by product_id, catalog.option_tags(options) order by position) as place from catalog.variants) as alike
where alike.id = variant.id and alike.place > 1;
alter table catalog.variants drop constraint variants_options;
create function catalog.options_digest(options jsonb) returns text language plpgsql immutable strict parallel safe as $$
begin
  return md5(catalog.option_tags(options)::text);
end $$;
-- Of the folded options, as look-ups fold them; a digest, since ten long options are longer than an index takes.
alter table catalog.variants add column options_digest text not null generated always as (catalog.options_digest(options)) stored;
alter table catalog.variants add constraint variants_options unique (product_id, options_digest) deferrable;

drop function catalog.count_words(), catalog.count_tags(), catalog.understand(text, boolean, text[], float8), catalog.alike(text), catalog.derived(uuid[]) cascade;
drop type catalog.question;
drop table catalog.tags;
drop index catalog.products_newest, catalog.products_price, catalog.products_rating, catalog.products_category_newest, catalog.products_category_name,
  catalog.products_category_price, catalog.products_category_rating, catalog.products_tags, catalog.products_name_words, catalog.products_words;
alter table catalog.products drop column tags, drop column name_words, drop column words, drop column price_rank, drop column rating_rank;

create table catalog.listings (
  id          uuid primary key,
  seller_id   uuid not null,
  created_at  timestamptz not null,
  price_rank  bigint not null,
  rating_rank bigint not null,
  in_stock    boolean not null,
  name_key    text collate "C" not null,
  category    text collate "C",
  brand       text collate "C",
  -- All that a list may be narrowed by in one array: `category:phone`, `brand:nova`, `type:charger`, `seller:bob`, `option:color=red`.
  tags        text[] not null,
  -- The options of each variant, for lists narrowed by several options of one.
  option_sets jsonb not null,
  name_words  tsvector not null,
  words       tsvector not null
) with (fillfactor = 90);
-- One index for each order: of all, of a category, of a brand, of a seller, of those with options.
create index listings_newest on catalog.listings (created_at, id);
create index listings_name on catalog.listings (name_key, id);
create index listings_price on catalog.listings (price_rank, id);
create index listings_rating on catalog.listings (rating_rank, id);
create index listings_category_newest on catalog.listings (category, created_at, id);
create index listings_category_name on catalog.listings (category, name_key, id);
create index listings_category_price on catalog.listings (category, price_rank, id);
create index listings_category_rating on catalog.listings (category, rating_rank, id);
create index listings_brand_newest on catalog.listings (brand, created_at, id);
create index listings_brand_name on catalog.listings (brand, name_key, id);
create index listings_brand_price on catalog.listings (brand, price_rank, id);
create index listings_brand_rating on catalog.listings (brand, rating_rank, id);
create index listings_seller_newest on catalog.listings (seller_id, created_at, id);
create index listings_seller_name on catalog.listings (seller_id, name_key, id);
create index listings_seller_price on catalog.listings (seller_id, price_rank, id);
create index listings_seller_rating on catalog.listings (seller_id, rating_rank, id);
-- Of those with options, which are goods of another kind than those without: what fits lies elsewhere in an order.
create index listings_options_newest on catalog.listings (created_at, id) where option_sets <> '[]';
create index listings_options_name on catalog.listings (name_key, id) where option_sets <> '[]';
create index listings_options_price on catalog.listings (price_rank, id) where option_sets <> '[]';
create index listings_options_rating on catalog.listings (rating_rank, id) where option_sets <> '[]';
create index listings_tags on catalog.listings using gin (tags) with (fastupdate = off);
create index listings_name_words on catalog.listings using gin (name_words) with (fastupdate = off);
create index listings_words on catalog.listings using gin (words) with (fastupdate = off);
-- The statistics that PostgreSQL samples by itself are what search knows of how common a word or a tag is.
alter table catalog.listings alter column words set statistics 500, alter column tags set statistics 500;

create function catalog.rating_rank(average numeric, reviews int) returns bigint language sql immutable parallel safe
return coalesce((average * 100)::bigint, 0) * 1000000000 + reviews;

-- The words that products were ever listed by, for finding out what somebody may have meant; without those that hold digits, which nobody mistypes into another.
truncate catalog.words;
alter table catalog.words drop column products, drop column named;

create function catalog.derived(ids uuid[])
returns table (id uuid, name_key text, price_currency text, price_amount bigint, stock bigint, document text)
language sql stable as $$
  select product.id, left(catalog.key(product.name), 200), priced.currency, priced.amount, priced.stock,
         (select row_to_json(shown) from (
            select product.id, product.name, product.category, product.type, product.brand, product.description,
                   row(product.seller_id, product.seller_username)::catalog.seller as seller,
                   row(priced.amount, priced.currency)::catalog.money as price, priced.stock, priced.variants,
                   '[]'::json as images, row(product.rating_average, product.rating_count)::catalog.rating as rating, product.state,
                   to_char(product.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt", product.version
         ) as shown)::text
  from catalog.products product
  cross join lateral (
    select min(variant.price_amount) as amount, min(variant.price_currency) as currency, sum(variant.stock)::bigint as stock,
           ('[' || string_agg((select row_to_json(shown)::text from (select variant.id, variant.sku, variant.options,
                                                                            row(variant.price_amount, variant.price_currency)::catalog.money as price, variant.stock) as shown),
                              ',' order by variant.position) || ']')::json as variants
    from catalog.variants variant where variant.product_id = product.id
  ) as priced
  where product.id = any(ids)
$$;

-- What lists know of public products; nothing of others.
create function catalog.listed(ids uuid[]) returns setof catalog.listings language sql stable as $$
  select product.id, product.seller_id, product.created_at, catalog.price_rank(product.price_currency, product.price_amount),
         catalog.rating_rank(product.rating_average, product.rating_count), product.stock > 0, product.name_key, product.category, catalog.label(product.brand),
         array_remove(array['category:' || product.category, 'brand:' || catalog.label(product.brand), 'type:' || catalog.label(product.type),
                            'seller:' || product.seller_id, 'seller:' || lower(product.seller_username)] || priced.tags, null),
         coalesce(priced.option_sets, '[]'),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(product.name))),
         strip(to_tsvector('pg_catalog.simple', catalog.plain(concat_ws(' ', product.name, product.brand, product.type, category.name, priced.texts, left(product.description, 1000)))))
  from catalog.products product
  left join catalog.categories category on category.slug = product.category
  cross join lateral (
    select jsonb_agg(to_jsonb(option_tags)) filter (where option_tags <> '{}') as option_sets,
           (select array_agg(distinct tag) from catalog.variants of_product, unnest(option_tags) as tag where of_product.product_id = product.id) as tags,
           string_agg(concat_ws(' ', sku, (select string_agg(value, ' ') from jsonb_each_text(options))), ' ') as texts
    from catalog.variants variant where variant.product_id = product.id
  ) as priced
  where product.id = any(ids) and product.state = 'approved'
$$;

-- Makes the derived columns of products, and what lists know of them, anew. Their rows must be locked by this transaction, or new.
create or replace function catalog.refresh(ids uuid[]) returns void language plpgsql as $$
begin
  update catalog.products product
  set name_key = derived.name_key, price_currency = derived.price_currency, price_amount = derived.price_amount, stock = derived.stock, document = derived.document
  from catalog.derived(ids) as derived
  where product.id = derived.id;

  insert into catalog.listings as known select * from catalog.listed(ids)
  on conflict (id) do update
  set price_rank = excluded.price_rank, rating_rank = excluded.rating_rank, in_stock = excluded.in_stock, name_key = excluded.name_key,
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

-- What is public no longer is in no list, whoever changed it.
create function catalog.unlist() returns trigger language plpgsql as $$
begin
  delete from catalog.listings where id = new.id;
  return null;
end $$;
create trigger products_unlist after update of state on catalog.products for each row
  when (old.state = 'approved' and new.state <> 'approved') execute function catalog.unlist();

create or replace function catalog.copy_levels(variant_ids uuid[], available bigint[], versions bigint[]) returns int language plpgsql as $$
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
  update catalog.products product set stock = derived.stock, document = derived.document from catalog.derived(touched) as derived where product.id = derived.id;
  update catalog.listings listing set in_stock = product.stock > 0
  from catalog.products product
  where product.id = any(touched) and listing.id = product.id and listing.in_stock <> (product.stock > 0);
  return coalesce(cardinality(touched), 0);
end $$;

create or replace function catalog.copy_rating(rated uuid, reviews int, average numeric, version bigint) returns int language plpgsql as $$
begin
  update catalog.products product set rating_count = reviews, rating_average = average, rating_version = copy_rating.version
  where product.id = rated and product.rating_version < copy_rating.version;
  if not found then
    return 0;
  end if;
  update catalog.products product set document = derived.document from catalog.derived(array[rated]) as derived where product.id = derived.id;
  update catalog.listings set rating_rank = catalog.rating_rank(average, reviews) where id = rated;
  return 1;
end $$;

-- Words that somebody may have meant by a word that finds nothing: one slip away (two letters swapped are one slip too), or
-- alike by trigrams; the nearest first, then the common ones.
create function catalog.alike(meant text) returns setof text language sql stable as $$
  with near as materialized (
    select known.word, public.levenshtein(known.word, meant)
             - (array(select regexp_split_to_table(known.word, '') order by 1) = array(select regexp_split_to_table(meant, '') order by 1))::int as steps
    from (
      select candidate.word from catalog.words candidate where candidate.near && catalog.slips(meant)
      union
      select candidate.word from catalog.words candidate where candidate.word operator(public.%) meant
    ) as known
    where known.word <> meant and length(meant) > 2 and meant !~ '^[0-9]+$'
  ),
  nearest as materialized (select word from near where steps = (select min(steps) from near) and steps <= 1 + length(meant) / 4),
  common as (
    select word, share from pg_catalog.pg_stats, unnest(most_common_elems::text::text[], most_common_elem_freqs) as sampled (word, share)
    where schemaname = 'catalog' and tablename = 'listings' and attname = 'words' and (select count(*) from nearest) > 2
  )
  select nearest.word from nearest left join common on common.word = nearest.word order by common.share desc nulls last, nearest.word limit 2
$$;

-- What a search asks for. `best` finds products whose name has every word (a word that nobody uses may be the beginning of one);
-- `broad` finds those that have, anywhere, words that begin so. A single letter begins too much, and is looked up whole.
create type catalog.question as (best tsquery, broad tsquery);

create function catalog.understand(asked text, forgiving boolean) returns catalog.question language plpgsql stable as $$
declare
  best text[] := '{}';
  broad text[] := '{}';
  meant text;
  word text;
  is_known boolean;
  is_whole boolean;
  begins constant text := ':*';
begin
  foreach meant in array (string_to_array(left(catalog.plain(coalesce(asked, '')), 300), ' '))[1:6] loop
    word := quote_literal(left(meant, 30));
    meant := left(meant, 30);
    if meant ~ '^[a-z0-9]$' then
      best := best || word;
      broad := broad || word;
    elsif forgiving then
      best := best || (select '(' || string_agg(quote_literal(each), ' | ') || ')' from (select meant union all select catalog.alike(meant)) as words (each));
      broad := broad || (select '(' || string_agg(quote_literal(each) || begins, ' | ') || ')' from (select meant union all select catalog.alike(meant)) as words (each));
    else
      is_known := exists (select from catalog.words known where known.word = meant);
      -- Looking a word up whole costs much less than looking up what begins with it.
      is_whole := is_known and not exists (select from catalog.words longer where longer.word > meant and longer.word < meant || chr(1114111));
      best := best || (word || case when meant ~ '[0-9]' or is_known then '' else begins end);
      broad := broad || (word || case when is_whole then '' else begins end);
    end if;
  end loop;
  return (nullif(array_to_string(best, ' & '), '')::tsquery, nullif(array_to_string(broad, ' & '), '')::tsquery)::catalog.question;
end $$;

-- Products of before: option tags are folded anew, then all is derived.
update catalog.variants set options = options where options <> '{}';
select catalog.refresh(array(select id from catalog.products));
