-- What only processes of versions before the document was made by the code read or called.
drop function catalog.refresh(uuid[]), catalog.copy_levels(uuid[], bigint[], bigint[]), catalog.copy_rating(uuid, int, numeric, bigint), catalog.derived(uuid[]);
drop type catalog.money, catalog.seller, catalog.rating;

-- As before, without the sum of the stock, which stands in catalog.variants alone.
create or replace function catalog.store_copies(ids uuid[], documents text[]) returns void language plpgsql as $$
begin
  update catalog.products product
  set document = made.document, name_key = left(catalog.key(product.name), 200), price_currency = priced.currency, price_amount = priced.amount
  from unnest(ids, documents) as made (id, document)
  cross join lateral (select min(price_currency) as currency, min(price_amount) as amount from catalog.variants where product_id = made.id) as priced
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

alter table catalog.products drop column stock;
