create table if not exists agreement (
  id text primary key,
  upstream text not null,
  downstream text not null
);
create index if not exists agreement_upstream on agreement (upstream, downstream);
create index if not exists agreement_downstream on agreement (downstream, upstream);
create table if not exists agreement_moment (
  agreement text not null,
  seq bigint not null,
  at text not null,
  type text not null,
  org text not null,
  person text not null,
  version integer not null,
  noted integer not null,
  primary key (agreement, seq)
);
create table if not exists agreement_review (
  id text primary key,
  agreement text not null,
  version integer not null,
  org text not null,
  person text not null,
  reviewer text not null,
  finding text not null,
  at text not null,
  seq bigint not null,
  noted integer not null
);
create index if not exists agreement_review_of on agreement_review (agreement, org);
