create table if not exists dataset_holding (
  id           text primary key,
  owner        text not null,
  format       text not null,
  source       text not null,
  environment  text not null,
  repository   text not null,
  region       text not null,
  phi          integer not null,
  status       text not null,
  label        bigint not null, -- position of the record with the sealed label
  version      integer not null, -- 0: no file yet
  records      bigint not null,
  bytes        bigint not null,
  sha256       text not null,
  first_month  text not null,
  last_month   text not null,
  changed      text not null
);
create index if not exists dataset_holding_owner on dataset_holding (owner);
create table if not exists dataset_element (
  dataset      text not null,
  element      text not null,
  class        text not null,
  fields       integer not null,
  primary key (dataset, element)
);
create index if not exists dataset_element_element on dataset_element (element);
create table if not exists dataset_moment (
  dataset      text not null,
  seq          bigint not null,
  at           text not null,
  type         text not null,
  person       text not null,
  reason       text not null, -- work item of an opening
  version      integer not null,
  note         text not null, -- code: basis of a classification, ending
  changes      integer not null,
  primary key (dataset, seq)
);
