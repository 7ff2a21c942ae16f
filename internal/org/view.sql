create table if not exists org_member (
  id text primary key,
  name text not null,
  kinds text not null,
  state text not null,
  operator text not null,
  closed integer not null,
  since text not null
);
create table if not exists org_engagement (
  upstream text not null,
  downstream text not null,
  primary key (upstream, downstream)
);
