create table if not exists release_offer (
  id text primary key,
  request text not null,
  discloser text not null,
  recipient text not null,
  people text not null,
  purpose text not null,
  basis text not null,
  authority text not null,
  form text not null,
  elements text not null,
  withheld text not null,
  duties text not null,
  datasets text not null,
  accountable integer not null,
  records integer not null,
  patients integer not null,
  unlinked integer not null,
  index_object text not null,
  offered text not null,
  expires text not null,
  revoked text not null,
  reason text not null,
  downloads integer not null,
  held integer not null
);
create table if not exists release_disclosure (
  seq integer primary key,
  release text not null,
  at text not null,
  by_user text not null
);
create index if not exists release_disclosure_release on release_disclosure (release);
create table if not exists release_accounting (
  seq integer primary key,
  org text not null,
  patient text not null,
  at text not null,
  by_user text not null,
  entries integer not null
);
create index if not exists release_accounting_patient on release_accounting (org, patient);
