-- Lists of a category go along the index of its level since 011; these were left for the processes of the version before it.
drop index catalog.listings_category_newest;
drop index catalog.listings_category_name;
drop index catalog.listings_category_price;
drop index catalog.listings_category_rating;
