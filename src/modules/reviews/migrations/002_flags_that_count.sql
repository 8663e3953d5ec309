-- Whether a flag counts toward hiding its review: its author's email was confirmed and the account old enough when it was raised.
-- Flags from before this rule count, as they did.
alter table reviews.flags add column counts boolean not null default true;
