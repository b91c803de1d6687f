-- What the API role may ask before it knows the organization. Each answers one thing, to one row or
-- none, from tables that it cannot read.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_lookup')
from unnest(array[
    'users', 'sessions', 'memberships', 'membership_roles', 'roles', 'organizations', 'organization_tree', 'tiers',
    'platform_admins', 'credential_index', 'signing_keys', 'login_throttle']) as name;
grant select (
    id, email, name, locale, time_zone, password_hash, password_organization_id, status, default_organization_id, deleted_at)
    on app.users to rookery_lookup;
grant select on app.sessions, app.membership_roles, app.organization_tree, app.credential_index, app.login_throttle
    to rookery_lookup;
grant select (organization_id, id, user_id, name, status) on app.memberships to rookery_lookup;
grant select (organization_id, id, permissions) on app.roles to rookery_lookup;
grant select (id, parent_id, kind, name, slug, status, tier_id, deleted_at) on app.organizations to rookery_lookup;
grant select (id, name) on app.tiers to rookery_lookup;
grant select (user_id) on app.platform_admins to rookery_lookup;
grant select (kid, alg, public_jwk, not_before_at, retire_at, expires_at) on app.signing_keys to rookery_lookup;
reset role;

set local role rookery_lookup;

create or replace function auth.find_login(address text)
returns table (
    user_id uuid, email text, name text, password_hash text, status text, has_second_factor boolean,
    password_organization_id uuid, is_platform_admin boolean)
language sql stable security definer
set search_path = pg_catalog
as $$
    select u.id, u.email, u.name, u.password_hash, u.status, false, u.password_organization_id,
        exists (select from app.platform_admins a where a.user_id = u.id)
    from app.users u
    where u.email = lower(address) and u.deleted_at is null
$$;

/* Until when these buckets (account, address) may not try again; null when they may. */
create or replace function auth.login_locked_until(buckets bytea[]) returns timestamptz
language sql stable security definer
set search_path = pg_catalog
as $$
    select max(t.locked_until_at) from app.login_throttle t
    where t.bucket_hash = any (buckets) and t.locked_until_at > now()
$$;

/* A session with its person, whether live or not: the caller compares `revoked_at` and `expires_at`. */
create or replace function auth.session(session uuid)
returns table (
    user_id uuid, email text, name text, locale text, time_zone text, user_status text, organization_id uuid, method text,
    is_confined boolean, expires_at timestamptz, revoked_at timestamptz, is_platform_admin boolean)
language sql stable security definer
set search_path = pg_catalog
as $$
    select u.id, u.email, u.name, u.locale, u.time_zone, u.status, s.organization_id, s.method, s.is_confined, s.expires_at,
        s.revoked_at, exists (select from app.platform_admins a where a.user_id = u.id)
    from app.sessions s join app.users u on u.id = s.user_id
    where s.id = session and u.deleted_at is null
$$;

/* The live sessions of a live session's person, wherever they act. */
create or replace function auth.sessions_of_session(session uuid)
returns table (
    id uuid, organization_id uuid, method text, ip inet, agent text, created_at timestamptz, seen_at timestamptz,
    expires_at timestamptz)
language sql stable security definer
set search_path = pg_catalog
as $$
    select other.id, other.organization_id, other.method, other.ip, other.agent, other.created_at, other.seen_at,
        other.expires_at
    from app.sessions s join app.sessions other on other.user_id = s.user_id
    where s.id = session and s.revoked_at is null and s.expires_at > now()
        and other.revoked_at is null and other.expires_at > now()
    order by other.id desc
    limit 500
$$;

/* The organizations of a live session's person; of a confined session only those in its organization's tree. */
create or replace function auth.memberships_of_session(session uuid)
returns table (
    organization_id uuid, organization_name text, organization_slug text, organization_kind text, organization_status text,
    membership_id uuid, membership_status text)
language sql stable security definer
set search_path = pg_catalog
as $$
    select o.id, o.name, o.slug, o.kind, o.status, m.id, m.status
    from app.sessions s
    join app.users u on u.id = s.user_id and u.status in ('active', 'unverified') and u.deleted_at is null
    join app.memberships m on m.user_id = s.user_id
    join app.organizations o on o.id = m.organization_id and o.deleted_at is null
    where s.id = session and s.revoked_at is null and s.expires_at > now()
        and (not s.is_confined or exists (
            select from app.organization_tree t where t.organization_id = s.organization_id and t.descendant_id = o.id))
    order by o.name, o.id
$$;

/* As what a live session may act in an organization: by an active membership of it (`depth` 0) or of the nearest ancestor.
   No row: it may not. */
create or replace function auth.may_act_in(session uuid, organization uuid)
returns table (
    user_id uuid, email text, home_organization_id uuid, membership_id uuid, depth integer, permissions text[],
    organization_status text, tier_name text)
language sql stable security definer
set search_path = pg_catalog
as $$
    select s.user_id, u.email, m.organization_id, m.id, t.depth::integer,
        coalesce((
            select array_agg(distinct p.permission order by p.permission)
            from app.membership_roles mr
            join app.roles r on r.organization_id = mr.organization_id and r.id = mr.role_id
            cross join unnest(r.permissions) as p (permission)
            where mr.organization_id = m.organization_id and mr.membership_id = m.id), '{}'),
        o.status, tier.name
    from app.sessions s
    join app.users u on u.id = s.user_id and u.status in ('active', 'unverified') and u.deleted_at is null
    join app.organizations o on o.id = organization and o.deleted_at is null
    join app.tiers tier on tier.id = o.tier_id
    join app.organization_tree t on t.descendant_id = o.id
    join app.organizations home on home.id = t.organization_id and home.status = 'active' and home.deleted_at is null
    join app.memberships m on m.user_id = s.user_id and m.organization_id = t.organization_id and m.status = 'active'
    where s.id = session and s.revoked_at is null and s.expires_at > now()
        and (not s.is_confined or exists (
            select from app.organization_tree c where c.organization_id = s.organization_id and c.descendant_id = o.id))
    order by t.depth
    limit 1
$$;

/* Whose a presented credential is. The credential itself is then read under row-level security: expiry, scopes, addresses. */
create or replace function auth.resolve(credential_kind text, hash bytea)
returns table (organization_id uuid, organization_status text, tier_name text, subject_id uuid)
language sql stable security definer
set search_path = pg_catalog
as $$
    select i.organization_id, o.status, t.name, i.subject_id
    from app.credential_index i
    join app.organizations o on o.id = i.organization_id and o.deleted_at is null
    join app.tiers t on t.id = o.tier_id
    where i.kind = credential_kind and i.lookup_hash = hash
$$;

/* Whose sign-in page a host is. */
create or replace function auth.organization_by_host(host text)
returns table (organization_id uuid, organization_name text, organization_slug text)
language sql stable security definer
set search_path = pg_catalog
as $$
    select o.id, o.name, o.slug
    from app.credential_index i
    join app.organizations o on o.id = i.organization_id and o.deleted_at is null and o.status = 'active'
    where i.kind = 'host' and i.lookup_hash = sha256(convert_to(lower(host), 'UTF8'))
$$;

/* The public keys that tokens may be signed with now or soon. */
create or replace function auth.jwks()
returns table (kid text, alg text, public_jwk jsonb, not_before_at timestamptz, retire_at timestamptz, expires_at timestamptz)
language sql stable security definer
set search_path = pg_catalog
as $$
    select k.kid, k.alg, k.public_jwk, k.not_before_at, k.retire_at, k.expires_at
    from app.signing_keys k where k.expires_at > now() order by k.not_before_at, k.kid
$$;

grant execute on function auth.find_login(text), auth.login_locked_until(bytea[]), auth.session(uuid),
    auth.sessions_of_session(uuid), auth.memberships_of_session(uuid), auth.may_act_in(uuid, uuid), auth.resolve(text, bytea),
    auth.organization_by_host(text), auth.jwks() to rookery_api;
reset role;
