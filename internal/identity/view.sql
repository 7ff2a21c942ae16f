create table if not exists identity_user (
  id text primary key,
  org text not null,
  role text not null,
  login text not null unique,
  invitation text not null,
  until text not null,
  details integer not null,
  disabled integer not null,
  code text not null, -- name of the authenticator in the vault; empty: none
  epoch integer not null,
  recipient text not null,
  since text not null,
  seen text not null
);
create index if not exists identity_user_org on identity_user (org);
create index if not exists identity_user_invitation on identity_user (invitation);
