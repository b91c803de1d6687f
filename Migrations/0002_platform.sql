-- Tables that belong to no single organization. data-model.md §3 gives each its reason.
set local role rookery_owner;

create table app.schema_migrations (
    name text collate "C" primary key check (char_length(name) between 1 and 200),
    content_hash bytea not null,
    applied_at timestamptz not null default now()
);
alter table app.schema_migrations enable row level security, force row level security;

create table app.policy_hashes (
    name text collate "C" primary key check (char_length(name) between 1 and 200),
    content_hash bytea not null,
    applied_at timestamptz not null default now()
);
alter table app.policy_hashes enable row level security, force row level security;

create table app.platform_settings (
    name text collate "C" primary key check (char_length(name) between 1 and 200),
    value jsonb not null check (pg_column_size(value) <= 65536),
    updated_at timestamptz not null default now()
);
alter table app.platform_settings enable row level security, force row level security;

create table app.tiers (
    id uuid primary key default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    limits jsonb not null default '{}' check (jsonb_typeof(limits) = 'object' and pg_column_size(limits) <= 65536),
    rates jsonb not null default '{}' check (jsonb_typeof(rates) = 'object' and pg_column_size(rates) <= 65536),
    features jsonb not null default '{}' check (jsonb_typeof(features) = 'object' and pg_column_size(features) <= 65536),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint tiers_name_key unique (name)
);
-- A limit of null is no limit. Rates: API requests a minute, telemetry messages a second, bytes a second.
insert into app.tiers (name, limits, rates, features)
values
    ('free',
     '{"devices": 10, "users": 3, "sites": 1, "assets": 20, "alarm_rules": 10, "dashboards": 2, "api_keys": 2,
       "telemetry_keys": 200, "retention_days": 7, "storage_mb": 100, "exports_per_day": 1}',
     '{"api": {"per_minute": 120, "burst": 60}, "telemetry": {"per_second": 10, "burst": 100},
       "bandwidth": {"bytes_per_second": 131072}}',
     '{"white_label": false, "sso": false, "erp": false, "workflows": false}'),
    ('standard',
     '{"devices": 100, "users": 10, "sites": 5, "assets": 200, "alarm_rules": 100, "dashboards": 20, "api_keys": 10,
       "telemetry_keys": 1000, "retention_days": 90, "storage_mb": 5000, "exports_per_day": 10}',
     '{"api": {"per_minute": 600, "burst": 200}, "telemetry": {"per_second": 100, "burst": 1000},
       "bandwidth": {"bytes_per_second": 1048576}}',
     '{"white_label": false, "sso": false, "erp": false, "workflows": true}'),
    ('pro',
     '{"devices": 10000, "users": 100, "sites": 100, "assets": 20000, "alarm_rules": 2000, "dashboards": 200,
       "api_keys": 100, "telemetry_keys": 2000, "retention_days": 365, "storage_mb": 100000, "exports_per_day": 100}',
     '{"api": {"per_minute": 6000, "burst": 1000}, "telemetry": {"per_second": 2000, "burst": 20000},
       "bandwidth": {"bytes_per_second": 8388608}}',
     '{"white_label": true, "sso": true, "erp": true, "workflows": true}'),
    ('enterprise',
     '{"devices": null, "users": null, "sites": null, "assets": null, "alarm_rules": null, "dashboards": null,
       "api_keys": null, "telemetry_keys": 2000, "retention_days": 1095, "storage_mb": null, "exports_per_day": null}',
     '{"api": {"per_minute": 60000, "burst": 10000}, "telemetry": {"per_second": 50000, "burst": 500000},
       "bandwidth": {"bytes_per_second": 134217728}}',
     '{"white_label": true, "sso": true, "erp": true, "workflows": true}');

create table app.organizations (
    id uuid primary key default app.uuid_v7(),
    parent_id uuid constraint organizations_parent_fkey references app.organizations (id),
    kind text not null check (kind in ('platform', 'reseller', 'customer')),
    name text not null check (char_length(name) between 1 and 200),
    slug text collate "C" not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    tier_id uuid not null constraint organizations_tier_fkey references app.tiers (id),
    status text not null default 'active' check (status in ('active', 'suspended', 'deleting')),
    currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
    locale text not null default 'en' check (char_length(locale) between 2 and 35),
    time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
    overrides jsonb not null default '{}' check (jsonb_typeof(overrides) = 'object' and pg_column_size(overrides) <= 65536),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object' and pg_column_size(settings) <= 65536),
    purge_after_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    deleted_at timestamptz,
    deleted_by uuid
);
create unique index organizations_slug_key on app.organizations (slug) where deleted_at is null;
create unique index organizations_platform_key on app.organizations (kind) where kind = 'platform';
create index organizations_parent_idx on app.organizations (parent_id, id);
create index organizations_tier_idx on app.organizations (tier_id, id);
-- The platform's own row owns the platform's audit chain.
insert into app.organizations (kind, name, slug, tier_id)
select 'platform', 'Platform', 'platform', id from app.tiers where name = 'enterprise';
-- Forced only now: until then its owner still sees the row that the statement above reads.
alter table app.tiers enable row level security, force row level security;
alter table app.organizations enable row level security, force row level security;

create table app.users (
    id uuid primary key default app.uuid_v7(),
    email text collate "C" not null check (email = lower(email) and char_length(email) between 3 and 254),
    name text not null check (char_length(name) between 1 and 200),
    locale text not null default 'en' check (char_length(locale) between 2 and 35),
    time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
    password_hash text check (char_length(password_hash) <= 512),
    -- Whose administrator chose the password; null when it is the person's own choice.
    password_organization_id uuid constraint users_password_organization_fkey references app.organizations (id),
    status text not null default 'unverified' check (status in ('active', 'locked', 'unverified')),
    default_organization_id uuid constraint users_default_organization_fkey references app.organizations (id) on delete set null,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    deleted_at timestamptz,
    deleted_by uuid
);
create unique index users_email_key on app.users (email) where deleted_at is null;
create index users_default_organization_idx on app.users (default_organization_id, id);
create index users_password_organization_idx on app.users (password_organization_id, id);
alter table app.users enable row level security, force row level security;

create table app.platform_admins (
    user_id uuid primary key constraint platform_admins_user_fkey references app.users (id),
    granted_by uuid,
    reason text not null check (char_length(reason) between 1 and 4000),
    created_at timestamptz not null default now()
);
alter table app.platform_admins enable row level security, force row level security;

create table app.sessions (
    id uuid primary key default app.uuid_v7(),
    user_id uuid not null constraint sessions_user_fkey references app.users (id),
    -- Null for a person who belongs to none, such as a platform administrator.
    organization_id uuid constraint sessions_organization_fkey references app.organizations (id),
    method text not null check (method in ('password', 'sso', 'switch', 'impersonation')),
    is_confined boolean not null default false,
    ip inet,
    agent text check (char_length(agent) <= 500),
    seen_at timestamptz not null default now(),
    expires_at timestamptz not null,
    revoked_at timestamptz,
    created_at timestamptz not null default now()
) with (fillfactor = 80);
create index sessions_user_idx on app.sessions (user_id, id);
create index sessions_organization_idx on app.sessions (organization_id, id);
alter table app.sessions enable row level security, force row level security;

create table app.refresh_tokens (
    token_hash bytea primary key,
    session_id uuid not null constraint refresh_tokens_session_fkey references app.sessions (id) on delete cascade,
    expires_at timestamptz not null,
    used_at timestamptz,
    successor_sealed bytea,
    created_at timestamptz not null default now()
);
create index refresh_tokens_session_idx on app.refresh_tokens (session_id);
alter table app.refresh_tokens enable row level security, force row level security;

create table app.user_tokens (
    token_hash bytea primary key,
    user_id uuid not null constraint user_tokens_user_fkey references app.users (id) on delete cascade,
    purpose text not null check (purpose in ('reset', 'verify')),
    expires_at timestamptz not null,
    used_at timestamptz,
    created_at timestamptz not null default now()
);
create index user_tokens_user_idx on app.user_tokens (user_id);
alter table app.user_tokens enable row level security, force row level security;

create table app.login_throttle (
    bucket_hash bytea primary key,
    failures integer not null,
    window_at timestamptz not null,
    locked_until_at timestamptz
) with (fillfactor = 50);
alter table app.login_throttle enable row level security, force row level security;

create table app.credential_index (
    kind text collate "C" not null check (kind in (
        'api_key', 'device_token', 'mqtt_user', 'certificate', 'ca', 'claim', 'invitation', 'share', 'scim', 'host')),
    lookup_hash bytea not null,
    organization_id uuid not null constraint credential_index_organization_fkey references app.organizations (id),
    subject_id uuid not null,
    created_at timestamptz not null default now(),
    constraint credential_index_pkey primary key (kind, lookup_hash)
);
create index credential_index_organization_idx on app.credential_index (organization_id, kind, subject_id);
alter table app.credential_index enable row level security, force row level security;

create table app.signing_keys (
    kid text collate "C" primary key check (char_length(kid) between 1 and 100),
    alg text not null check (alg = 'ES256'),
    public_jwk jsonb not null check (jsonb_typeof(public_jwk) = 'object' and not public_jwk ? 'd'),
    private_sealed bytea not null,
    key_version integer not null default 1,
    not_before_at timestamptz not null,
    retire_at timestamptz not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default now()
);
alter table app.signing_keys enable row level security, force row level security;

create table app.cache_invalidations (
    n bigint generated always as identity primary key,
    xid xid8 not null default pg_current_xact_id(),
    organization_id uuid,
    kind text not null check (char_length(kind) between 1 and 100),
    subject_id uuid,
    created_at timestamptz not null default now()
);
create index cache_invalidations_created_idx on app.cache_invalidations (created_at);
alter table app.cache_invalidations enable row level security, force row level security;

reset role;
