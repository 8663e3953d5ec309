-- The words of a listing, with '^' before the one that its name begins with. A search sorted by name walks along the names that begin with a
-- word, and gathers those that have it elsewhere: one index gives both kinds, and all.
create function catalog.begun(words tsvector, name_key text) returns tsvector language plpgsql immutable strict parallel safe as $$
declare
  first constant text := substring(name_key collate "und-x-icu" from '^[[:alnum:]]+');
begin
  if first = any(tsvector_to_array(words)) then
    return ts_delete(words, first) || array_to_tsvector(array['^' || first]);
  end if;
  return words;
end $$;
create index listings_begun on catalog.listings using gin (catalog.begun(words, name_key)) with (fastupdate = off);
