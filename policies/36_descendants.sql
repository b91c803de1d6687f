-- What an organization may do to those below it without switching into them: make one, end one, set its limits, read its
-- counters. Each checks the tree itself. And the same acts for the platform, on any organization.
set local role rookery_owner;
grant update (name, currency, locale, time_zone, settings, overrides, tier_id, status, purge_after_at, deleted_at, deleted_by)
    on app.organizations to rookery_guard;
grant update (currency, locale, time_zone, settings) on app.organizations to rookery_system;
reset role;

set local role rookery_guard;

/* Whether an organization lies in the tree of the present one, itself included. */
create or replace function app.is_within(organization uuid) returns boolean
language sql stable security definer
set search_path = pg_catalog
as $$
    select exists (
        select from app.organization_tree t
        where t.organization_id = app.organization_id() and t.descendant_id = organization)
$$;

/* Makes an organization below the present one or below one of its descendants. RK004 for any other parent. */
create or replace function app.organization_create_below(
    organization uuid, parent uuid, organization_kind text, organization_name text, organization_slug text, tier_name text,
    organization_currency text, organization_locale text, organization_time_zone text, organization_settings jsonb
) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    if parent is null or not app.is_within(parent) then
        raise exception using errcode = 'RK004', message = 'there is no such parent', column = 'parent_id';
    end if;
    return app.organization_create(
        organization, parent, organization_kind, organization_name, organization_slug, tier_name, organization_currency,
        organization_locale, organization_time_zone, organization_settings, '{}');
end
$$;

/* Soft delete: refused while organizations lie below it (RK005). From now on nobody signs in there and no credential of
   it is good; the rows stay until `purge_after`. False when there is no such organization. */
create or replace function app.organization_end(organization uuid, ended_by uuid, purge_after timestamptz) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('app.organization_tree', 0));
    perform from app.organization_tree t
    join app.organizations o on o.id = t.descendant_id and o.deleted_at is null
    where t.organization_id = organization and t.depth > 0;
    if found then
        raise exception using errcode = 'RK005', message = 'organizations lie below it';
    end if;
    update app.organizations o
    set status = 'deleting', deleted_at = now(), deleted_by = ended_by, purge_after_at = purge_after
    where o.id = organization and o.deleted_at is null and o.kind <> 'platform';
    if not found then
        return false;
    end if;
    update app.sessions s set revoked_at = now() where s.organization_id = organization and s.revoked_at is null;
    perform app.invalidate_for(organization, 'organization', organization);
    return true;
end
$$;

create or replace function app.organization_end_below(organization uuid, ended_by uuid, purge_after timestamptz) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    if organization = app.organization_id() or not app.is_within(organization) then
        return false;
    end if;
    return app.organization_end(organization, ended_by, purge_after);
end
$$;

/* Replaces the overrides {limits, rates, features, pools} of an organization below the present one. The counters follow by
   trigger. Answers the new version, or null when there is no such organization at that version. */
create or replace function app.organization_override_below(organization uuid, new_overrides jsonb, present_version integer)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    new_version integer;
begin
    if organization = app.organization_id() or not app.is_within(organization) then
        return null;
    end if;
    update app.organizations o set overrides = new_overrides
    where o.id = organization and o.deleted_at is null and o.version = present_version
    returning o.version into new_version;
    if found then
        perform app.invalidate_for(organization, 'organization', organization);
    end if;
    return new_version;
end
$$;

/* The counters of an organization in the tree of the present one. */
create or replace function app.quotas_within(organization uuid)
returns table (resource_key text, scope text, used bigint, max_allowed bigint, level integer, grace_until_at timestamptz)
language sql stable security definer
set search_path = pg_catalog
as $$
    select q.resource_key, q.scope, q.used, q.max_allowed, q.level, q.grace_until_at
    from app.quotas q
    where q.organization_id = organization and q.window_on = '-infinity' and app.is_within(organization)
    order by q.resource_key, q.scope
$$;

grant execute on function app.is_within(uuid), app.quotas_within(uuid),
    app.organization_create_below(uuid, uuid, text, text, text, text, text, text, text, jsonb),
    app.organization_end_below(uuid, uuid, timestamptz), app.organization_override_below(uuid, jsonb, integer) to rookery_api;
grant execute on function app.organization_end(uuid, uuid, timestamptz) to rookery_system;
reset role;
