-- Rules, their state, alarms, and the log of occurrences.
set local role rookery_owner;

create table app.alarm_rules (
    organization_id uuid not null constraint alarm_rules_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    outcome text not null default 'alarm' check (outcome in ('alarm', 'event')),
    scope text collate "C" not null check (scope in (
        'organization', 'site', 'group', 'model', 'type', 'asset_type', 'device', 'asset')),
    scope_id uuid,
    key_nos smallint[] not null check (cardinality(key_nos) between 1 and 100),
    rule jsonb not null check (jsonb_typeof(rule) = 'object' and pg_column_size(rule) <= 65536),
    severity text collate "C" not null check (severity in ('info', 'warning', 'error', 'critical')),
    message text not null default '' check (char_length(message) <= 4000),
    enabled boolean not null default true,
    overrides_id uuid,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint alarm_rules_pkey primary key (organization_id, id),
    constraint alarm_rules_name_key unique (organization_id, name),
    constraint alarm_rules_scope_id_check check ((scope = 'organization') = (scope_id is null)),
    constraint alarm_rules_overrides_fkey foreign key (organization_id, overrides_id)
        references app.alarm_rules (organization_id, id) on delete set null (overrides_id)
);
create index alarm_rules_scope_idx on app.alarm_rules (organization_id, scope, scope_id);
create index alarm_rules_overrides_idx on app.alarm_rules (organization_id, overrides_id, id);
alter table app.alarm_rules enable row level security, force row level security;

create table app.rule_states (
    organization_id uuid not null,
    rule_id uuid not null,
    source_no integer not null,
    rule_version integer not null,
    state bytea not null check (octet_length(state) <= 65536),
    deadline_at timestamptz,
    created_at timestamptz not null default now(),
    constraint rule_states_pkey primary key (organization_id, rule_id, source_no)
) with (fillfactor = 70);
create index rule_states_deadline_idx on app.rule_states (deadline_at) where deadline_at is not null;
create index rule_states_source_idx on app.rule_states (source_no);
alter table app.rule_states enable row level security, force row level security;

-- Not partitioned: one open alarm per rule and source must hold over all of them.
create table app.alarms (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    rule_id uuid not null,
    rule_version integer not null,
    source_no integer not null,
    device_id uuid,
    asset_id uuid,
    site_id uuid,
    severity text collate "C" not null check (severity in ('info', 'warning', 'error', 'critical')),
    state text collate "C" not null generated always as (
        case
            when cleared_at is null and acknowledged_at is null then 'active'
            when cleared_at is null then 'acknowledged'
            when acknowledged_at is null then 'cleared_unacknowledged'
            else 'cleared'
        end) stored,
    raised_at timestamptz not null,
    last_at timestamptz not null,
    occurrences integer not null default 1,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    cleared_at timestamptz,
    cleared_by uuid,
    clear_reason text check (char_length(clear_reason) <= 4000),
    message text not null check (char_length(message) <= 4000),
    evidence jsonb not null default '{}' check (jsonb_typeof(evidence) = 'object' and pg_column_size(evidence) <= 65536),
    incident_id uuid,
    created_at timestamptz not null default now(),
    constraint alarms_pkey primary key (organization_id, id)
);
create unique index alarms_open_key on app.alarms (organization_id, rule_id, source_no) where cleared_at is null;
create index alarms_raised_idx on app.alarms (organization_id, raised_at, id);
create index alarms_state_idx on app.alarms (organization_id, state, id);
create index alarms_device_idx on app.alarms (organization_id, device_id, id);
create index alarms_site_idx on app.alarms (organization_id, site_id, state, id);
create index alarms_severity_idx on app.alarms (organization_id, severity, state, id);
create index alarms_source_open_idx on app.alarms (source_no) where cleared_at is null;
alter table app.alarms enable row level security, force row level security;

-- Every occurrence. The id carries the occurrence's own time, clamped to the leaves that exist; `at` is the truth.
create table app.events (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    at timestamptz not null,
    origin text collate "C" not null check (origin in ('device', 'rule', 'system', 'user')),
    category text not null default '' check (char_length(category) <= 100),
    type_key text collate "C" not null check (char_length(type_key) between 1 and 100),
    severity text collate "C" not null default 'info' check (severity in ('info', 'warning', 'error', 'critical')),
    device_id uuid,
    asset_id uuid,
    site_id uuid,
    title text not null check (char_length(title) between 1 and 255),
    message text not null default '' check (char_length(message) <= 4000),
    data jsonb not null default '{}' check (jsonb_typeof(data) = 'object' and pg_column_size(data) <= 65536),
    correlation_key text collate "C" check (char_length(correlation_key) <= 200),
    created_at timestamptz not null default now(),
    constraint events_pkey primary key (organization_id, id)
) partition by range (id);
create index events_device_idx on app.events (organization_id, device_id, id);
create index events_asset_idx on app.events (organization_id, asset_id, id);
create index events_type_idx on app.events (organization_id, type_key, id);
create index events_correlation_idx on app.events (organization_id, correlation_key, id) where correlation_key is not null;
alter table app.events enable row level security, force row level security;

reset role;
