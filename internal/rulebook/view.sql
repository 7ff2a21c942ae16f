create table if not exists rulebook_pack (
  id     text primary key, -- of the stream
  owner  text not null,
  pack   text not null     -- id that the owner gave it
);
create index if not exists rulebook_pack_owner on rulebook_pack (owner);
