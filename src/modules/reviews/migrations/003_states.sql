create trigger states before update on reviews.reviews for each row when (old.state <> new.state) execute function kernel.keep_states(
  'published>pending', 'published>flagged', 'published>removed', 'pending>published', 'pending>flagged', 'pending>removed',
  'flagged>published', 'flagged>removed', 'removed>published');

-- A review stays its author's, about its product, and erased.
drop trigger keep_ways on reviews.reviews;
drop function reviews.keep_ways();
create function reviews.keep_review() returns trigger language plpgsql as $$
begin
  raise exception 'a review stays whose and of what it is, and erased' using constraint = 'reviews_stay', errcode = 'check_violation';
end $$;
create trigger keep_review before update on reviews.reviews for each row
  when (old.erased_at is not null or (old.id, old.product_id, old.customer_id) is distinct from (new.id, new.product_id, new.customer_id))
  execute function reviews.keep_review();
