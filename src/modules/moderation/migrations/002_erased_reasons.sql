-- When an author is erased, what moderators wrote of their texts goes too: a reason may say what the excerpt said.
drop index moderation.items_author;
create index items_author on moderation.items (author) where excerpt_sealed is not null or decision_reason is not null;

-- A decided item stays decided, as it was decided. Only its excerpt and its reason may still be erased, or the excerpt sealed with another key.
create or replace function moderation.keep_decision() returns trigger language plpgsql as $$
declare
  wanted moderation.items := new;
begin
  wanted.excerpt_sealed := old.excerpt_sealed;
  if new.decision_reason is null then
    wanted.decision_reason := old.decision_reason;
  end if;
  if old.state = 'decided' and (wanted is distinct from old or old.excerpt_sealed is null and new.excerpt_sealed is not null) then
    raise exception 'an item that is decided stays so' using constraint = 'items_decided_once', errcode = 'check_violation';
  end if;
  return new;
end $$;
