-- What a customer says of a product. The names of both are copies, taken when it was written.
-- What staff take away, or a deleted customer wrote, keeps its row without its text, so that it is not written anew:
-- `erased_at` says when.
create table reviews.reviews (
  id                uuid primary key,
  product_id        uuid not null,
  product_name      text not null,
  customer_id       uuid not null,
  username          text,
  username_key      text,
  rating            int not null check (rating between 1 and 5),
  comment           text check (length(comment) between 1 and 5000),
  verified_purchase boolean not null,
  state             text not null check (state in ('published', 'pending', 'flagged', 'removed')),
  reason            text check (length(reason) <= 500),
  version           int not null default 1,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  erased_at         timestamptz,
  principal         text,
  idempotency_key   text,
  body_hash         text,
  constraint reviews_once unique (product_id, customer_id),
  constraint reviews_key unique (principal, idempotency_key),
  constraint reviews_erased check (
    case when erased_at is null then num_nulls(username, username_key, comment) = 0
         else num_nonnulls(username, username_key, comment, reason, principal, idempotency_key, body_hash) = 0 and state = 'removed' end)
);

-- One index per order of a list. Those of a product hold what is public: hidden reviews, however many, cost its readers nothing.
create index reviews_product_newest on reviews.reviews (product_id, id) where state = 'published';
create index reviews_product_rating on reviews.reviews (product_id, rating, id) where state = 'published';
create index reviews_username_newest on reviews.reviews (username_key, id);
create index reviews_username_rating on reviews.reviews (username_key, rating, id);
create index reviews_customer on reviews.reviews (customer_id);

-- Who says that a review should not stand, and why; of a deleted customer, no longer why. A flag is settled once staff have approved the review in spite of it.
create table reviews.flags (
  review_id uuid not null references reviews.reviews on delete cascade,
  person    uuid not null,
  reason    text not null check (length(reason) <= 500),
  settled   boolean not null default false,
  at        timestamptz not null,
  primary key (review_id, person)
);
create index flags_person on reviews.flags (person);

-- How many published reviews a product has, and the sum of their ratings. The version tells the newer of two.
create table reviews.summaries (
  product_id uuid primary key,
  count      int not null,
  sum        bigint not null,
  version    bigint not null
);

-- A check would judge the difference that is to be added, not what comes of it.
create function reviews.summary_adds_up() returns trigger language plpgsql as $$
begin
  if new.count < 0 or new.sum not between new.count and 5 * new.count then
    raise exception 'no % reviews add up to %', new.count, new.sum using constraint = 'summaries_add_up', errcode = 'check_violation';
  end if;
  return null;
end $$;
create trigger summary_adds_up after insert or update on reviews.summaries for each row execute function reviews.summary_adds_up();

-- The ways between states of review-state.ts; and a review stays its author's, about its product, and erased.
create function reviews.keep_ways() returns trigger language plpgsql as $$
begin
  if (old.state, new.state) not in (
    ('published', 'published'), ('published', 'pending'), ('published', 'flagged'), ('published', 'removed'),
    ('pending', 'pending'), ('pending', 'published'), ('pending', 'flagged'), ('pending', 'removed'),
    ('flagged', 'flagged'), ('flagged', 'published'), ('flagged', 'removed'),
    ('removed', 'removed'), ('removed', 'published'))
  then
    raise exception 'a review that is % cannot become %', old.state, new.state using constraint = 'reviews_ways', errcode = 'check_violation';
  end if;
  if old.erased_at is not null or (old.id, old.product_id, old.customer_id) is distinct from (new.id, new.product_id, new.customer_id) then
    raise exception 'a review stays whose and of what it is, and erased' using constraint = 'reviews_stay', errcode = 'check_violation';
  end if;
  return new;
end $$;
create trigger keep_ways before update on reviews.reviews for each row execute function reviews.keep_ways();
