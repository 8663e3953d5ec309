-- A category that another API has announced with an image: nobody is shown it before that has come.
alter table catalog.categories add column is_expected boolean not null default false;
