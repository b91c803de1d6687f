-- Sites and zones; who may act in an organization and as what.
set local role rookery_owner;

create table app.sites (
    organization_id uuid not null constraint sites_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    code_key text collate "C" check (char_length(code_key) between 1 and 50),
    address jsonb not null default '{}' check (jsonb_typeof(address) = 'object' and pg_column_size(address) <= 65536),
    lat float8 check (lat between -90 and 90),
    lon float8 check (lon between -180 and 180),
    cell bigint,
    time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
    custom jsonb not null default '{}' check (jsonb_typeof(custom) = 'object' and pg_column_size(custom) <= 65536),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint sites_pkey primary key (organization_id, id),
    constraint sites_name_key unique (organization_id, name),
    constraint sites_place_check check (num_nonnulls(lat, lon) in (0, 2))
);
create unique index sites_code_key on app.sites (organization_id, code_key) where code_key is not null;
create index sites_cell_idx on app.sites (organization_id, cell);
alter table app.sites enable row level security, force row level security;

create table app.zones (
    organization_id uuid not null,
    id uuid not null default app.uuid_v7(),
    site_id uuid not null,
    parent_id uuid,
    name text not null check (char_length(name) between 1 and 200),
    kind text not null check (char_length(kind) between 1 and 50),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint zones_pkey primary key (organization_id, id),
    constraint zones_site_id_key unique (organization_id, site_id, id),
    constraint zones_name_key unique nulls not distinct (organization_id, site_id, parent_id, name),
    constraint zones_site_fkey foreign key (organization_id, site_id)
        references app.sites (organization_id, id) on delete cascade,
    -- With the site in the key a zone cannot lie within another site's zone.
    constraint zones_parent_fkey foreign key (organization_id, site_id, parent_id)
        references app.zones (organization_id, site_id, id)
);
create index zones_site_idx on app.zones (organization_id, site_id, id);
create index zones_parent_idx on app.zones (organization_id, parent_id, id);
alter table app.zones enable row level security, force row level security;

create table app.memberships (
    organization_id uuid not null constraint memberships_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    user_id uuid not null constraint memberships_user_fkey references app.users (id),
    email_key text collate "C" not null check (email_key = lower(email_key) and char_length(email_key) between 3 and 254),
    name text not null check (char_length(name) between 1 and 200),
    title text check (char_length(title) <= 200),
    phone text check (char_length(phone) <= 50),
    status text not null default 'invited' check (status in ('invited', 'active', 'disabled')),
    locale text not null default 'en' check (char_length(locale) between 2 and 35),
    time_zone text not null default 'UTC' check (char_length(time_zone) between 1 and 64),
    external_key text collate "C" check (char_length(external_key) <= 255),
    custom jsonb not null default '{}' check (jsonb_typeof(custom) = 'object' and pg_column_size(custom) <= 65536),
    seen_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint memberships_pkey primary key (organization_id, id),
    constraint memberships_user_key unique (organization_id, user_id),
    constraint memberships_email_key unique (organization_id, email_key)
);
create unique index memberships_external_key on app.memberships (organization_id, external_key) where external_key is not null;
create index memberships_user_idx on app.memberships (user_id);
alter table app.memberships enable row level security, force row level security;

create table app.roles (
    organization_id uuid not null constraint roles_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    permissions text[] not null default '{}' check (cardinality(permissions) <= 500),
    builtin_key text collate "C" check (builtin_key in ('org_admin', 'manager', 'operator', 'technician', 'viewer', 'billing')),
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint roles_pkey primary key (organization_id, id),
    constraint roles_name_key unique (organization_id, name)
);
create unique index roles_builtin_key on app.roles (organization_id, builtin_key) where builtin_key is not null;
alter table app.roles enable row level security, force row level security;

create table app.membership_roles (
    organization_id uuid not null,
    membership_id uuid not null,
    role_id uuid not null,
    created_at timestamptz not null default now(),
    constraint membership_roles_pkey primary key (organization_id, membership_id, role_id),
    constraint membership_roles_membership_fkey foreign key (organization_id, membership_id)
        references app.memberships (organization_id, id) on delete cascade,
    constraint membership_roles_role_fkey foreign key (organization_id, role_id)
        references app.roles (organization_id, id)
);
create index membership_roles_role_idx on app.membership_roles (organization_id, role_id, membership_id);
alter table app.membership_roles enable row level security, force row level security;

create table app.service_accounts (
    organization_id uuid not null constraint service_accounts_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    name text not null check (char_length(name) between 1 and 200),
    description text not null default '' check (char_length(description) <= 4000),
    role_id uuid not null,
    enabled boolean not null default true,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint service_accounts_pkey primary key (organization_id, id),
    constraint service_accounts_name_key unique (organization_id, name),
    constraint service_accounts_role_fkey foreign key (organization_id, role_id)
        references app.roles (organization_id, id)
);
create index service_accounts_role_idx on app.service_accounts (organization_id, role_id, id);
alter table app.service_accounts enable row level security, force row level security;

create table app.api_keys (
    organization_id uuid not null constraint api_keys_organization_fkey references app.organizations (id),
    id uuid not null default app.uuid_v7(),
    service_account_id uuid,
    membership_id uuid,
    name text not null check (char_length(name) between 1 and 200),
    prefix text collate "C" not null check (char_length(prefix) between 4 and 50),
    secret_hash bytea not null check (octet_length(secret_hash) = 32),
    scopes text[] not null default '{}' check (cardinality(scopes) <= 500),
    ip_allow cidr[] not null default '{}' check (cardinality(ip_allow) <= 100),
    rate jsonb check (jsonb_typeof(rate) = 'object' and pg_column_size(rate) <= 65536),
    expires_at timestamptz,
    revoked_at timestamptz,
    used_at timestamptz,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    version integer not null default 1,
    constraint api_keys_pkey primary key (organization_id, id),
    constraint api_keys_prefix_key unique (organization_id, prefix),
    constraint api_keys_owner_check check (num_nonnulls(service_account_id, membership_id) = 1),
    constraint api_keys_service_account_fkey foreign key (organization_id, service_account_id)
        references app.service_accounts (organization_id, id) on delete cascade,
    constraint api_keys_membership_fkey foreign key (organization_id, membership_id)
        references app.memberships (organization_id, id) on delete cascade
);
create index api_keys_service_account_idx on app.api_keys (organization_id, service_account_id, id);
create index api_keys_membership_idx on app.api_keys (organization_id, membership_id, id);
alter table app.api_keys enable row level security, force row level security;

reset role;
