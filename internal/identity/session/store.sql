create table if not exists session (
  token text primary key, -- SHA-256 of the token
  person text not null,
  id text not null,
  began integer not null,
  seen integer not null,
  expires integer not null,
  data blob not null,
  ended integer not null
) without rowid;
create index if not exists session_person on session (person);
create index if not exists session_expires on session (expires);
