-- Tables of no single organization.
set local role rookery_owner;

-- The migrating role is a member of the owner and keeps its books here.
select app.policy_declare_all('app.schema_migrations', 'rookery_owner');
select app.policy_declare_all('app.policy_hashes', 'rookery_owner');

-- O: an organization sees itself and what is below it; it edits its own description.
select app.policy_declare(
    'app.organizations', 'tree', 'select', 'rookery_api',
    'id in (select t.descendant_id from app.organization_tree t where t.organization_id = (select app.organization_id()))', null);
select app.policy_declare(
    'app.organizations', 'own', 'update', 'rookery_api',
    'id = (select app.organization_id())', 'id = (select app.organization_id())');
grant select on app.organizations to rookery_api;
grant update (name, currency, locale, time_zone, settings) on app.organizations to rookery_api;

-- U: oneself. Nobody is granted the password hash.
select app.policy_declare(
    'app.users', 'self', 'all', 'rookery_api', 'id = (select app.user_id())', 'id = (select app.user_id())');
grant select (id, email, name, locale, time_zone, status, default_organization_id, created_at, updated_at, version, deleted_at)
    on app.users to rookery_api;
grant update (name, locale, time_zone, default_organization_id) on app.users to rookery_api;

-- One's own sessions everywhere, an administrator's view only of those in this organization.
select app.policy_declare(
    'app.sessions', 'self', 'all', 'rookery_api', 'user_id = (select app.user_id())', 'user_id = (select app.user_id())');
select app.policy_declare_tenant('app.sessions');
grant select on app.sessions to rookery_api;
grant update (seen_at, revoked_at) on app.sessions to rookery_api;

-- R.
select app.policy_declare('app.tiers', 'everyone', 'select', 'rookery_api', 'true', null);
grant select on app.tiers to rookery_api;

-- The platform's own jobs: no payloads.
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_system')
from unnest(array[
    'organizations', 'organization_tree', 'organization_heads', 'tiers', 'quotas', 'usage_counters', 'users', 'memberships',
    'platform_admins', 'platform_settings', 'signing_keys', 'cache_invalidations', 'sessions', 'refresh_tokens', 'user_tokens',
    'login_throttle', 'idempotency_keys', 'outbox', 'schema_migrations', 'policy_hashes']) as name;

grant select on app.organizations, app.organization_tree, app.organization_heads, app.quotas, app.usage_counters,
    app.memberships, app.schema_migrations, app.policy_hashes to rookery_system;
grant update (name, tier_id, status, overrides, purge_after_at, deleted_at, deleted_by) on app.organizations to rookery_system;
grant select, insert, update on app.tiers, app.users, app.platform_settings to rookery_system;
grant select, insert, update, delete on app.platform_admins, app.signing_keys to rookery_system;
grant select, delete on app.cache_invalidations to rookery_system;
grant select, delete on app.sessions to rookery_system;
grant update (revoked_at) on app.sessions to rookery_system;
grant select (session_id, expires_at, used_at), delete on app.refresh_tokens to rookery_system;
grant select (user_id, expires_at, used_at), delete on app.user_tokens to rookery_system;
grant select (window_at, locked_until_at), delete on app.login_throttle to rookery_system;
grant select (organization_id, principal_id, expires_at, created_at), delete on app.idempotency_keys to rookery_system;
grant select (organization_id, id, seq, topic_key, order_key, attempts, due_at, lease_until_at, created_at) on app.outbox to rookery_system;
grant update (attempts, due_at, lease_until_at) on app.outbox to rookery_system;

reset role;
