-- The language of the request that led to a row: emails to the person who made it are written in it.
alter table kernel.outbox add column language text;
