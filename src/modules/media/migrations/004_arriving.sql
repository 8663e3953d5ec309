-- Since when the bytes of a file have been coming: until they are there, or have stopped, the upload is not over.
alter table media.uploads add column arriving_since timestamptz;
