-- Sellers who are suspended: nothing of theirs is sold. Their approved products are `paused` meanwhile.
create table catalog.suspended_sellers (
  seller_id uuid primary key
);
alter table catalog.products drop constraint products_state_check;
alter table catalog.products add constraint products_state_check check (state in ('draft', 'submitted', 'approved', 'paused', 'rejected', 'archived'));
alter table catalog.products drop constraint products_pending_while_approved;
alter table catalog.products add constraint products_pending_while_approved check (pending is null or state in ('approved', 'paused'));
