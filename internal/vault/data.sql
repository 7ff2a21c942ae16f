create table if not exists secret (subject text not null, name text not null, sealed blob not null, primary key (subject, name)) without rowid;
create table if not exists code (space text not null, original blob not null, code blob not null, primary key (space, original), unique (space, code)) without rowid;
