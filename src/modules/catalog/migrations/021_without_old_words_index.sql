-- Searches read listings_begun since 020; this was left for the processes of the version before it.
drop index catalog.listings_words;
