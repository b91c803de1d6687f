-- Models, types and products; devices, their credentials, presence and shadows.
set local role rookery_owner;

create table app.device_models (
    organization_id uuid not null constraint device_models_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    description text not null default '' check (char_length(description) <= 4000),
    manufacturer text not null default '' check (char_length(manufacturer) <= 200),
    metadata_schema jsonb not null default '{}'
        check (jsonb_typeof(metadata_schema) = 'object' and pg_column_size(metadata_schema) <= 65536),
    default_config jsonb not null default '{}'
        check (jsonb_typeof(default_config) = 'object' and pg_column_size(default_config) <= 65536),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint device_models_pkey primary key (organization_id, id),
    constraint device_models_name_key unique (organization_id, name)
);
alter table app.device_models enable row level security, force row level security;

create table app.datapoints (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    model_id uuid not null,
    key_no smallint not null,
    label text not null check (char_length(label) between 1 and 200),
    kind text not null check (kind in ('number', 'boolean', 'text', 'json')),
    unit text check (char_length(unit) <= 50),
    low float8,
    high float8,
    decimals integer not null default 2 check (decimals between 0 and 15),
    aggregation text not null default 'avg' check (aggregation in ('avg', 'sum', 'min', 'max', 'last', 'count')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint datapoints_pkey primary key (organization_id, id),
    constraint datapoints_key_key unique (organization_id, model_id, key_no),
    constraint datapoints_range_check check (low <= high),
    constraint datapoints_model_fkey foreign key (organization_id, model_id)
        references app.device_models (organization_id, id) on delete cascade
);
create index datapoints_model_idx on app.datapoints (organization_id, model_id, id);
alter table app.datapoints enable row level security, force row level security;

create table app.model_commands (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    model_id uuid not null,
    name_key text collate "C" not null check (char_length(name_key) between 1 and 100),
    label text not null default '' check (char_length(label) <= 200),
    input text not null check (input in ('none', 'number', 'text', 'boolean', 'select', 'json')),
    schema jsonb not null default '{}' check (jsonb_typeof(schema) = 'object' and pg_column_size(schema) <= 65536),
    timeout_seconds integer not null default 60 check (timeout_seconds between 1 and 86400),
    is_diagnostic boolean not null default false,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint model_commands_pkey primary key (organization_id, id),
    constraint model_commands_name_key unique (organization_id, model_id, name_key),
    constraint model_commands_model_fkey foreign key (organization_id, model_id)
        references app.device_models (organization_id, id) on delete cascade
);
create index model_commands_model_idx on app.model_commands (organization_id, model_id, id);
alter table app.model_commands enable row level security, force row level security;

create table app.device_types (
    organization_id uuid not null constraint device_types_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    code_key text collate "C" not null check (char_length(code_key) between 1 and 50),
    description text not null default '' check (char_length(description) <= 4000),
    role text not null check (role in ('gateway', 'peripheral', 'smart_sensor', 'api')),
    processing text not null default 'endpoint' check (processing in ('endpoint', 'gateway', 'gateway_chunked', 'rtu_multiport')),
    dialect text not null default 'rookery' check (char_length(dialect) between 1 and 100),
    profile jsonb not null default '{}' check (jsonb_typeof(profile) = 'object' and pg_column_size(profile) <= 65536),
    metadata_schema jsonb not null default '{}'
        check (jsonb_typeof(metadata_schema) = 'object' and pg_column_size(metadata_schema) <= 65536),
    default_config jsonb not null default '{}'
        check (jsonb_typeof(default_config) = 'object' and pg_column_size(default_config) <= 65536),
    thresholds jsonb not null default '{}' check (jsonb_typeof(thresholds) = 'object' and pg_column_size(thresholds) <= 65536),
    allowed_commands text[] not null default '{}' check (cardinality(allowed_commands) <= 200),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint device_types_pkey primary key (organization_id, id),
    constraint device_types_name_key unique (organization_id, name),
    constraint device_types_code_key unique (organization_id, code_key)
);
alter table app.device_types enable row level security, force row level security;

create table app.device_products (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    model_id uuid not null,
    name text not null check (char_length(name) between 1 and 200),
    sku_key text collate "C" not null check (char_length(sku_key) between 1 and 100),
    hardware_versions text[] not null default '{}' check (cardinality(hardware_versions) <= 200),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint device_products_pkey primary key (organization_id, id),
    constraint device_products_name_key unique (organization_id, name),
    constraint device_products_sku_key unique (organization_id, sku_key),
    constraint device_products_model_fkey foreign key (organization_id, model_id)
        references app.device_models (organization_id, id)
);
create index device_products_model_idx on app.device_products (organization_id, model_id, id);
alter table app.device_products enable row level security, force row level security;

-- What has telemetry. The number is platform-wide and never comes from a client; all that ingest joins.
create table app.sources (
    organization_id uuid not null,
    source_no integer generated always as identity,
    kind text not null check (kind in ('device', 'asset', 'kpi', 'site')),
    subject_id uuid not null,
    created_at timestamptz not null default now(),
    constraint sources_pkey primary key (source_no),
    constraint sources_subject_key unique (organization_id, kind, subject_id),
    constraint sources_owner_key unique (organization_id, source_no, subject_id)
);
alter table app.sources enable row level security, force row level security;

-- Written for no message: what changes with traffic is in device_presence and telemetry_latest.
-- source_no is given by a trigger on insert; a client cannot choose it.
create table app.devices (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    source_no integer not null,
    device_key text collate "C" not null check (char_length(device_key) between 1 and 100),
    serial_number text collate "C" not null check (char_length(serial_number) between 1 and 100),
    name text not null check (char_length(name) between 1 and 200),
    name_key text collate "C" generated always as (lower(name)) stored,
    type_id uuid not null,
    model_id uuid,
    product_id uuid,
    site_id uuid,
    zone_id uuid,
    gateway_id uuid,
    edge_key text collate "C" check (char_length(edge_key) between 1 and 200),
    status text collate "C" not null check (status in (
        'manufactured', 'provisioned', 'registered', 'active', 'suspended', 'maintenance', 'decommissioned')),
    hardware_version text check (char_length(hardware_version) <= 50),
    firmware_version text check (char_length(firmware_version) <= 50),
    manufactured_at timestamptz,
    batch text check (char_length(batch) <= 100),
    factory text check (char_length(factory) <= 200),
    activated_at timestamptz,
    tags text[] not null default '{}' check (cardinality(tags) <= 100),
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object' and pg_column_size(metadata) <= 65536),
    custom jsonb not null default '{}' check (jsonb_typeof(custom) = 'object' and pg_column_size(custom) <= 65536),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    deleted_at timestamptz,
    deleted_by uuid,
    constraint devices_pkey primary key (organization_id, id),
    constraint devices_source_key unique (organization_id, source_no),
    constraint devices_source_fkey foreign key (organization_id, source_no, id)
        references app.sources (organization_id, source_no, subject_id),
    constraint devices_type_fkey foreign key (organization_id, type_id)
        references app.device_types (organization_id, id),
    constraint devices_model_fkey foreign key (organization_id, model_id)
        references app.device_models (organization_id, id) on delete set null (model_id),
    constraint devices_product_fkey foreign key (organization_id, product_id)
        references app.device_products (organization_id, id) on delete set null (product_id),
    constraint devices_site_fkey foreign key (organization_id, site_id)
        references app.sites (organization_id, id) on delete set null (site_id),
    constraint devices_zone_fkey foreign key (organization_id, zone_id)
        references app.zones (organization_id, id) on delete set null (zone_id),
    constraint devices_gateway_fkey foreign key (organization_id, gateway_id)
        references app.devices (organization_id, id) on delete set null (gateway_id),
    constraint devices_gateway_check check (gateway_id <> id)
);
create unique index devices_device_key_key on app.devices (organization_id, device_key) where deleted_at is null;
create unique index devices_serial_key on app.devices (organization_id, serial_number) where deleted_at is null;
create unique index devices_edge_key on app.devices (organization_id, gateway_id, edge_key)
    where deleted_at is null and edge_key is not null;
create index devices_type_idx on app.devices (organization_id, type_id, id);
create index devices_model_idx on app.devices (organization_id, model_id, id);
create index devices_product_idx on app.devices (organization_id, product_id, id);
create index devices_site_idx on app.devices (organization_id, site_id, id);
create index devices_zone_idx on app.devices (organization_id, zone_id, id);
create index devices_gateway_idx on app.devices (organization_id, gateway_id, id);
create index devices_status_idx on app.devices (organization_id, status, id);
create index devices_name_idx on app.devices (organization_id, name_key, id);
create index devices_updated_idx on app.devices (organization_id, updated_at, id);
alter table app.devices enable row level security, force row level security;

create table app.device_presence (
    organization_id uuid not null,
    device_id uuid not null,
    connection text collate "C" not null default 'unknown' check (connection in (
        'unknown', 'connecting', 'online', 'degraded', 'offline', 'error')),
    since_at timestamptz not null default now(),
    seen_at timestamptz not null,
    node_id uuid,
    peer text not null default '' check (char_length(peer) <= 200),
    protocol text not null default '' check (char_length(protocol) <= 50),
    created_at timestamptz not null default now(),
    constraint device_presence_pkey primary key (organization_id, device_id),
    constraint device_presence_device_fkey foreign key (organization_id, device_id)
        references app.devices (organization_id, id) on delete cascade
) with (fillfactor = 50);
create index device_presence_connection_idx on app.device_presence (organization_id, connection, device_id);
alter table app.device_presence enable row level security, force row level security;

create table app.device_credentials (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    device_id uuid not null,
    kind text not null check (kind in ('token', 'password')),
    username_key text collate "C" check (char_length(username_key) between 1 and 200),
    secret_hash bytea not null,
    valid_until_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint device_credentials_pkey primary key (organization_id, id),
    constraint device_credentials_username_check check ((kind = 'password') = (username_key is not null)),
    constraint device_credentials_device_fkey foreign key (organization_id, device_id)
        references app.devices (organization_id, id) on delete cascade
);
create index device_credentials_device_idx on app.device_credentials (organization_id, device_id, id);
alter table app.device_credentials enable row level security, force row level security;

create table app.device_shadows (
    organization_id uuid not null,
    device_id uuid not null,
    desired jsonb not null default '{}' check (jsonb_typeof(desired) = 'object' and pg_column_size(desired) <= 65536),
    reported jsonb not null default '{}' check (jsonb_typeof(reported) = 'object' and pg_column_size(reported) <= 65536),
    delta jsonb not null default '{}' check (jsonb_typeof(delta) = 'object' and pg_column_size(delta) <= 131072),
    desired_version bigint not null default 0,
    reported_version bigint not null default 0,
    sync text collate "C" not null default 'in_sync' check (sync in ('in_sync', 'pending', 'conflict')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint device_shadows_pkey primary key (organization_id, device_id),
    constraint device_shadows_device_fkey foreign key (organization_id, device_id)
        references app.devices (organization_id, id) on delete cascade
) with (fillfactor = 70);
create index device_shadows_sync_idx on app.device_shadows (organization_id, sync, device_id);
alter table app.device_shadows enable row level security, force row level security;

reset role;
