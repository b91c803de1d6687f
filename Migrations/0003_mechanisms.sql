-- What every domain uses before inventing a table: data-model.md §4.
set local role rookery_owner;

create table app.organization_tree (
    organization_id uuid not null constraint organization_tree_ancestor_fkey references app.organizations (id),
    descendant_id uuid not null constraint organization_tree_descendant_fkey references app.organizations (id),
    depth smallint not null check (depth between 0 and 8),
    created_at timestamptz not null default now(),
    constraint organization_tree_pkey primary key (organization_id, descendant_id)
);
create index organization_tree_descendant_idx on app.organization_tree (descendant_id, depth);

create table app.organization_heads (
    organization_id uuid primary key constraint organization_heads_organization_fkey references app.organizations (id),
    audit_seq bigint not null default 0,
    audit_hash bytea not null default '\x0000000000000000000000000000000000000000000000000000000000000000',
    anchored_seq bigint not null default 0,
    feed_seq bigint not null default 0
) with (fillfactor = 50);

-- The owner sees the platform's row only while its table does not force row-level security.
alter table app.organizations no force row level security;
insert into app.organization_tree (organization_id, descendant_id, depth)
select id, id, 0 from app.organizations where kind = 'platform';
insert into app.organization_heads (organization_id) select id from app.organizations where kind = 'platform';
alter table app.organizations force row level security;
alter table app.organization_tree enable row level security, force row level security;
alter table app.organization_heads enable row level security, force row level security;

create table app.number_series (
    organization_id uuid not null constraint number_series_organization_fkey references app.organizations (id),
    name_key text collate "C" not null check (char_length(name_key) between 1 and 200),
    period_key text collate "C" not null default '' check (char_length(period_key) <= 20),
    last_value bigint not null default 0,
    pattern text not null default '' check (char_length(pattern) <= 200),
    created_at timestamptz not null default now(),
    constraint number_series_pkey primary key (organization_id, name_key, period_key)
) with (fillfactor = 50);
alter table app.number_series enable row level security, force row level security;

create table app.quotas (
    organization_id uuid not null constraint quotas_organization_fkey references app.organizations (id),
    resource_key text collate "C" not null check (char_length(resource_key) between 1 and 100),
    scope text collate "C" not null default 'own' check (scope in ('own', 'pool')),
    window_on date not null default '-infinity',
    used bigint not null default 0 constraint quotas_used_check check (used >= 0),
    max_allowed bigint check (max_allowed >= 0),
    level integer not null default 0 check (level in (0, 80, 100)),
    grace_until_at timestamptz,
    created_at timestamptz not null default now(),
    constraint quotas_pkey primary key (organization_id, resource_key, scope, window_on)
) with (fillfactor = 50);
alter table app.quotas enable row level security, force row level security;

create table app.outbox (
    organization_id uuid not null constraint outbox_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    seq bigint generated always as identity,
    topic_key text collate "C" not null check (char_length(topic_key) between 1 and 100),
    order_key text collate "C" check (char_length(order_key) <= 200),
    payload jsonb not null check (pg_column_size(payload) <= 1048576),
    attempts integer not null default 0,
    due_at timestamptz not null default now(),
    lease_until_at timestamptz,
    created_at timestamptz not null default now(),
    constraint outbox_pkey primary key (organization_id, id)
) with (fillfactor = 70);
create index outbox_due_idx on app.outbox (due_at, seq);
create index outbox_order_idx on app.outbox (organization_id, order_key, seq) where order_key is not null;
alter table app.outbox enable row level security, force row level security;

create table app.timeline_entries (
    organization_id uuid not null constraint timeline_entries_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    subject_kind text collate "C" not null check (char_length(subject_kind) between 1 and 100),
    subject_id uuid not null,
    kind text not null check (kind in ('comment', 'state', 'assign', 'note', 'merge')),
    actor_id uuid not null,
    body text not null default '' check (char_length(body) <= 4000),
    data jsonb not null default '{}' check (jsonb_typeof(data) = 'object' and pg_column_size(data) <= 65536),
    created_at timestamptz not null default now(),
    constraint timeline_entries_pkey primary key (organization_id, id)
);
create index timeline_entries_subject_idx on app.timeline_entries (organization_id, subject_kind, subject_id, id);
alter table app.timeline_entries enable row level security, force row level security;

create table app.revisions (
    organization_id uuid not null constraint revisions_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    subject_kind text collate "C" not null check (char_length(subject_kind) between 1 and 100),
    subject_id uuid not null,
    revision_no integer not null check (revision_no > 0),
    document jsonb not null check (pg_column_size(document) <= 1048576),
    summary text not null default '' check (char_length(summary) <= 4000),
    created_by uuid not null,
    created_at timestamptz not null default now(),
    constraint revisions_pkey primary key (organization_id, id),
    constraint revisions_subject_key unique (organization_id, subject_kind, subject_id, revision_no)
);
alter table app.revisions enable row level security, force row level security;

create table app.search_fields (
    organization_id uuid not null constraint search_fields_organization_fkey references app.organizations (id),
    field_no integer not null,
    entity text collate "C" not null check (char_length(entity) between 1 and 100),
    name text collate "C" not null check (char_length(name) between 1 and 200),
    kind text not null check (kind in ('text', 'number', 'time', 'boolean')),
    created_at timestamptz not null default now(),
    constraint search_fields_pkey primary key (organization_id, field_no),
    constraint search_fields_name_key unique (organization_id, entity, name)
);
alter table app.search_fields enable row level security, force row level security;

-- `value` sorts as the field does: folded UTF-8 of at most 64 bytes, or a big-endian number or time.
create table app.search_entries (
    organization_id uuid not null,
    field_no integer not null,
    value bytea not null check (octet_length(value) <= 64),
    entity_id uuid not null,
    constraint search_entries_pkey primary key (organization_id, field_no, value, entity_id),
    constraint search_entries_field_fkey foreign key (organization_id, field_no)
        references app.search_fields (organization_id, field_no) on delete cascade
);
create index search_entries_entity_idx on app.search_entries (organization_id, entity_id);
alter table app.search_entries enable row level security, force row level security;

create table app.idempotency_keys (
    organization_id uuid not null constraint idempotency_keys_organization_fkey references app.organizations (id),
    principal_id uuid not null,
    key text collate "C" not null check (char_length(key) between 1 and 255),
    request_hash bytea not null,
    status smallint not null,
    answer jsonb not null,
    expires_at timestamptz not null default now() + interval '24 hours',
    created_at timestamptz not null default now(),
    constraint idempotency_keys_pkey primary key (organization_id, principal_id, key)
);
create index idempotency_keys_expires_idx on app.idempotency_keys (expires_at);
alter table app.idempotency_keys enable row level security, force row level security;

-- Leaves are made ahead by app.ensure_partitions; there is no default leaf.
create table app.audit_entries (
    organization_id uuid not null,
    id uuid not null,
    audit_seq bigint not null,
    actor_kind text not null check (char_length(actor_kind) between 1 and 50),
    actor_id uuid,
    actor_label text not null check (char_length(actor_label) <= 300),
    action_key text collate "C" not null check (char_length(action_key) between 1 and 100),
    resource_kind text collate "C" not null check (char_length(resource_kind) between 1 and 100),
    resource_id uuid,
    changes jsonb not null,
    ip inet,
    session_id uuid,
    request_id text not null check (char_length(request_id) <= 200),
    prev_hash bytea not null,
    entry_hash bytea not null,
    created_at timestamptz not null,
    constraint audit_entries_pkey primary key (organization_id, id)
) partition by range (id);
create index audit_entries_seq_idx on app.audit_entries (organization_id, audit_seq);
create index audit_entries_resource_idx on app.audit_entries (organization_id, resource_kind, resource_id, id);
create index audit_entries_actor_idx on app.audit_entries (organization_id, actor_id, id);
alter table app.audit_entries enable row level security, force row level security;

create table app.usage_counters (
    organization_id uuid not null constraint usage_counters_organization_fkey references app.organizations (id),
    hour_at timestamptz not null,
    meter smallint not null,
    shard smallint not null,
    n bigint not null default 0,
    constraint usage_counters_pkey primary key (organization_id, hour_at, meter, shard)
) with (fillfactor = 50);
alter table app.usage_counters enable row level security, force row level security;

reset role;
