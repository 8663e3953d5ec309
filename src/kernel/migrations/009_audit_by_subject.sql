-- What was done to one thing, in order of time: `souk explain` asks for it.
create index audit_by_subject on kernel.audit (subject, id) where subject is not null;
