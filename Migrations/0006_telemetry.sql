-- Measurements. Only app.ingest writes here.
set local role rookery_owner;

create table app.telemetry_keys (
    organization_id uuid not null constraint telemetry_keys_organization_fkey references app.organizations (id),
    key_no smallint not null check (key_no > 0),
    name text collate "C" not null check (char_length(name) between 1 and 200),
    kind text not null default 'number' check (kind in ('number', 'boolean', 'text', 'json')),
    unit text check (char_length(unit) <= 50),
    created_at timestamptz not null default now(),
    constraint telemetry_keys_pkey primary key (organization_id, key_no),
    constraint telemetry_keys_name_key unique (organization_id, name)
);
alter table app.telemetry_keys enable row level security, force row level security;

-- key_nos ascending: the order of a message's values.
create table app.telemetry_keysets (
    organization_id uuid not null constraint telemetry_keysets_organization_fkey references app.organizations (id),
    keyset_no integer generated always as identity,
    key_nos smallint[] not null check (cardinality(key_nos) between 1 and 2000),
    keys_hash bytea not null,
    created_at timestamptz not null default now(),
    constraint telemetry_keysets_pkey primary key (keyset_no),
    constraint telemetry_keysets_keys_key unique (organization_id, keys_hash)
);
alter table app.telemetry_keysets enable row level security, force row level security;

-- One row a message. v is in keyset order; NaN means that the value is in x, under its key number.
-- q is null when every value is good. received_ms counts from ts. No check: a row of the hottest table costs 1 µs.
create table app.telemetry_hot (
    organization_id uuid not null,
    source_no integer not null,
    keyset_no integer not null,
    ts timestamptz not null,
    received_ms integer not null,
    origin smallint not null,
    v float8[] not null,
    q smallint[],
    x jsonb,
    constraint telemetry_hot_pkey primary key (source_no, ts, keyset_no)
) partition by range (ts);
alter table app.telemetry_hot enable row level security, force row level security;

-- The same row for days whose leaf is gone or not yet made; the compactor empties it.
create table app.telemetry_late (
    organization_id uuid not null,
    source_no integer not null,
    keyset_no integer not null,
    ts timestamptz not null,
    received_ms integer not null,
    origin smallint not null,
    v float8[] not null,
    q smallint[],
    x jsonb,
    constraint telemetry_late_pkey primary key (source_no, ts, keyset_no)
);
alter table app.telemetry_late enable row level security, force row level security;

-- k, t (Unix milliseconds) and v run in parallel, ordered by k; x holds what is not a number, under its key number.
create table app.telemetry_latest (
    organization_id uuid not null,
    source_no integer not null,
    received_at timestamptz not null,
    k smallint[] not null,
    t bigint[] not null,
    v float8[] not null,
    x jsonb,
    constraint telemetry_latest_pkey primary key (source_no)
) with (fillfactor = 50);
alter table app.telemetry_latest enable row level security, force row level security;

create table app.dead_letters (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    origin text not null check (char_length(origin) between 1 and 100),
    source_no integer,
    reason_key text collate "C" not null check (char_length(reason_key) between 1 and 100),
    detail text not null default '' check (char_length(detail) <= 4000),
    payload bytea not null check (octet_length(payload) <= 1048576),
    attempts integer not null default 1,
    state text collate "C" not null default 'open' check (state in ('open', 'replayed', 'discarded')),
    created_at timestamptz not null default now(),
    constraint dead_letters_pkey primary key (organization_id, id)
) partition by range (id);
create index dead_letters_state_idx on app.dead_letters (organization_id, state, id);
create index dead_letters_reason_idx on app.dead_letters (organization_id, reason_key, id);
alter table app.dead_letters enable row level security, force row level security;

reset role;
