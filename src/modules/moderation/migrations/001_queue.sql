-- What waits for a person, and what was decided. Subjects are opaque: their owners hide or remove them.
-- The excerpt is what somebody wrote: sealed, and erased when its author is.
create table moderation.items (
  id              uuid primary key,
  subject_kind    text not null check (length(subject_kind) between 1 and 60),
  subject_id      uuid not null,
  author          uuid not null,
  reason          text not null check (reason in ('screening', 'flags')),
  rules           text[] not null check (cardinality(rules) <= 100),
  excerpt_sealed  text,
  state           text not null default 'open' check (state in ('open', 'decided')),
  decision        text check (decision in ('approve', 'remove', 'flag')),
  decision_reason text check (length(decision_reason) between 1 and 500),
  decided_by      uuid,
  decided_at      timestamptz,
  created_at      timestamptz not null,
  constraint items_decided_wholly check ((state = 'decided') = (decision is not null) and num_nulls(decision, decided_by, decided_at) in (0, 3))
);

-- One open item for each subject.
create unique index items_subject on moderation.items (subject_kind, subject_id) where state = 'open';
-- The queue, oldest first, and what was decided, newest first; each whole and of one kind.
create index items_open on moderation.items (id) where state = 'open';
create index items_open_kind on moderation.items (subject_kind, id) where state = 'open';
create index items_decided on moderation.items (decided_at, id) where state = 'decided';
create index items_decided_kind on moderation.items (subject_kind, decided_at, id) where state = 'decided';
create index items_author on moderation.items (author) where excerpt_sealed is not null;

-- A decided item stays decided, as it was decided. Only its excerpt may still be erased, or sealed with another key.
create function moderation.keep_decision() returns trigger language plpgsql as $$
declare
  wanted moderation.items := new;
begin
  wanted.excerpt_sealed := old.excerpt_sealed;
  if old.state = 'decided' and (wanted is distinct from old or old.excerpt_sealed is null and new.excerpt_sealed is not null) then
    raise exception 'an item that is decided stays so' using constraint = 'items_decided_once', errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_decision before update on moderation.items for each row execute function moderation.keep_decision();

create function moderation.refuse_removal() returns trigger language plpgsql as $$
begin
  raise exception 'what was decided is kept: % on %.%', tg_op, tg_table_schema, tg_table_name;
end $$;
create trigger items_stay before delete or truncate on moderation.items for each statement execute function moderation.refuse_removal();
