create table if not exists request (
  id text primary key,
  recipient text not null,
  discloser text not null,
  person text not null,
  status text not null,
  outcome text not null,
  version integer not null,
  purpose text not null,
  activity text not null,
  asked integer not null,
  given integer not null,
  form_asked text not null,
  form text not null,
  submitted text not null,
  changed text not null,
  decision text not null,
  details integer not null
);
create table if not exists request_step (
  request text not null,
  step integer not null,
  seq integer not null,
  at text not null,
  what text not null,
  org text not null,
  person text not null,
  version integer not null,
  outcome text not null,
  decision text not null,
  primary key (request, step)
);
create table if not exists request_decision (
  id text not null,
  request text not null,
  event text not null,
  primary key (request, id)
);
