-- The newest word that each module has heard of an account's standing: older ones that come later are passed over.
create table kernel.standings (
  module     text not null,
  account_id uuid not null,
  version    int not null,
  primary key (module, account_id)
);
