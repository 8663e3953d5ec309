-- The call that sent a file: the same key with the same bytes is the same import. A file that did not arrive as a whole leaves its key free.
alter table imports.imports
  add column principal       text,
  add column idempotency_key text,
  add column body_hash       text,
  add constraint imports_key unique (principal, idempotency_key);
