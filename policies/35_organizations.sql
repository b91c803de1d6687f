-- How an organization comes to be: with its place in the tree, its heads, quotas, roles and device types.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array['device_types', 'users']) as name;
grant insert on app.organizations, app.organization_tree to rookery_guard;
grant select, insert on app.device_types to rookery_guard;
grant select (id, email, deleted_at), insert on app.users to rookery_guard;
reset role;

set local role rookery_guard;

/* Makes an organization below `parent` (null: at the top) in one step and answers its id. Fails with 23505
   `organizations_slug_key` for a taken slug, RK004 for an unknown parent or tier, or a tree deeper than 8. */
create or replace function app.organization_create(
    organization uuid, parent uuid, organization_kind text, organization_name text, organization_slug text, tier_name text,
    organization_currency text default 'EUR', organization_locale text default 'en', organization_time_zone text default 'UTC',
    organization_settings jsonb default '{}', organization_overrides jsonb default '{}'
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    new_id uuid := coalesce(organization, app.uuid_v7());
    tier uuid;
begin
    select t.id into tier from app.tiers t where t.name = tier_name;
    if not found then
        raise exception using errcode = 'RK004', message = 'there is no such tier', column = 'tier';
    end if;
    if organization_kind = 'platform' then
        raise exception using errcode = 'RK004', message = 'there is one platform', column = 'kind';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('app.organization_tree', 0));
    if parent is not null then
        perform from app.organizations o where o.id = parent and o.deleted_at is null and o.kind <> 'platform';
        if not found then
            raise exception using errcode = 'RK004', message = 'there is no such parent', column = 'parent_id';
        end if;
        perform from app.organization_tree t where t.descendant_id = parent and t.depth >= 8;
        if found then
            raise exception using errcode = 'RK004', message = 'organizations nest at most 8 deep', column = 'parent_id';
        end if;
    end if;
    insert into app.organizations (
        id, parent_id, kind, name, slug, tier_id, currency, locale, time_zone, settings, overrides)
    values (
        new_id, parent, organization_kind, organization_name, organization_slug, tier, organization_currency,
        organization_locale, organization_time_zone, organization_settings, organization_overrides);
    insert into app.organization_tree (organization_id, descendant_id, depth)
    select new_id, new_id, 0
    union all
    select t.organization_id, new_id, t.depth + 1 from app.organization_tree t where t.descendant_id = parent;
    insert into app.organization_heads (organization_id) values (new_id);
    perform app.quota_sync(new_id);
    perform app.builtin_roles_sync(new_id);
    insert into app.device_types (
        organization_id, name, code_key, description, role, processing, profile, metadata_schema, default_config, thresholds,
        allowed_commands)
    select new_id, s.name, s.code_key, s.description, s.role, s.processing, '{}', s.metadata_schema, s.default_config,
        coalesce(s.default_config -> 'thresholds', '{}'), s.allowed_commands
    from app.seeded_device_types() s;
    return new_id;
end
$$;

/* The user of an address, made when there is none: unverified and without a password. The answer is the same either way. */
create or replace function app.user_ensure(
    address text, user_name text, user_locale text default 'en', user_time_zone text default 'UTC'
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    found_id uuid;
begin
    insert into app.users (email, name, locale, time_zone)
    values (lower(address), user_name, user_locale, user_time_zone)
    on conflict (email) where deleted_at is null do nothing
    returning id into found_id;
    if found_id is null then
        select u.id into found_id from app.users u where u.email = lower(address) and u.deleted_at is null;
    end if;
    return found_id;
end
$$;

grant execute on function app.organization_create(uuid, uuid, text, text, text, text, text, text, text, jsonb, jsonb)
    to rookery_system;
grant execute on function app.user_ensure(text, text, text, text) to rookery_api, rookery_system;
reset role;
