-- A code follows from this random text and a key that is not in the database. So it can be mailed again, and is stored nowhere.
alter table identity.codes add column seed text;
