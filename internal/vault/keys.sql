create table if not exists key (name text primary key, wrapped blob not null) without rowid;
