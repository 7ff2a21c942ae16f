create table if not exists record (
  seq integer primary key,
  stream text not null,
  version integer not null,
  type text not null,
  time text not null,
  salt blob not null,
  tags blob not null,
  event blob not null,
  constraint record_stream_version unique (stream, version)
);
create table if not exists sealed (
  seq integer primary key,
  subject text not null,
  salt blob not null,
  ciphertext blob not null
);
create index if not exists sealed_subject on sealed (subject);
create table if not exists tile (key integer primary key, hashes blob not null);
create table if not exists party (org text primary key, n integer not null);
create table if not exists stream_party (stream text not null, org text not null, primary key (org, stream)) without rowid;
create table if not exists once (actor text not null, key text not null, digest blob not null, first integer not null, last integer not null, version integer not null, primary key (actor, key)) without rowid;
create table if not exists checkpoint (size integer primary key, note blob not null);
create table if not exists shred (subject text primary key);
create table if not exists unbuilt (views integer primary key);
