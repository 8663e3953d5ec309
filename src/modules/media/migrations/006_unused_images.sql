-- How far the walk over the images has come that looks for those that no upload refers to: a page at a time, however many there are.
alter table media.walk add column image_after text not null default '';
drop index media.images_created, media.images_removing;
