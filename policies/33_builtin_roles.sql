-- The fixed roles of IAM-3 and what each may do. Permissions as Sources/Tenancy/Permission.swift names them.
set local role rookery_owner;
select app.policy_declare_all('app.roles', 'rookery_guard');
grant select, insert, update on app.roles to rookery_guard;
reset role;

set local role rookery_guard;

create or replace function app.builtin_roles() returns table (builtin_key text, name text, permissions text[])
language sql immutable
set search_path = pg_catalog
as $$
    values
        ('org_admin', 'Organization administrator', array[
            'organizations:read', 'organizations:write', 'users:read', 'users:write', 'roles:read', 'api_keys:read',
            'api_keys:write', 'sites:read', 'sites:write', 'device_models:read', 'device_models:write', 'devices:read',
            'devices:write', 'devices:credentials', 'telemetry:read', 'telemetry:write', 'alarm_rules:read',
            'alarm_rules:write', 'alarms:read', 'alarms:acknowledge', 'events:read', 'events:write', 'audit:read',
            'realtime:read', 'usage:read', 'billing:read', 'billing:write']),
        ('manager', 'Manager', array[
            'organizations:read', 'users:read', 'roles:read', 'sites:read', 'sites:write', 'device_models:read',
            'device_models:write', 'devices:read', 'devices:write', 'devices:credentials', 'telemetry:read',
            'telemetry:write', 'alarm_rules:read', 'alarm_rules:write', 'alarms:read', 'alarms:acknowledge', 'events:read',
            'events:write', 'audit:read', 'realtime:read', 'usage:read']),
        ('operator', 'Operator', array[
            'organizations:read', 'sites:read', 'device_models:read', 'devices:read', 'devices:write', 'telemetry:read',
            'telemetry:write', 'alarm_rules:read', 'alarms:read', 'alarms:acknowledge', 'events:read', 'events:write',
            'realtime:read']),
        ('technician', 'Technician', array[
            'organizations:read', 'sites:read', 'device_models:read', 'devices:read', 'devices:write',
            'devices:credentials', 'telemetry:read', 'alarm_rules:read', 'alarms:read', 'alarms:acknowledge',
            'events:read', 'events:write', 'realtime:read']),
        ('viewer', 'Viewer', array[
            'organizations:read', 'sites:read', 'device_models:read', 'devices:read', 'telemetry:read', 'alarm_rules:read',
            'alarms:read', 'events:read', 'realtime:read']),
        ('billing', 'Billing', array['organizations:read', 'usage:read', 'billing:read', 'billing:write'])
$$;

/* Gives every organization, or the one named, the built-in roles as they are described above. */
create or replace function app.builtin_roles_sync(organization uuid default null) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    changed integer;
begin
    insert into app.roles as r (organization_id, name, permissions, builtin_key)
    select o.id, b.name, b.permissions, b.builtin_key
    from app.organizations o cross join app.builtin_roles() b
    where organization is null or o.id = organization
    on conflict (organization_id, builtin_key) where builtin_key is not null do update
    set name = excluded.name, permissions = excluded.permissions
    where r.permissions is distinct from excluded.permissions or r.name is distinct from excluded.name;
    get diagnostics changed = row_count;
    return changed;
end
$$;

grant execute on function app.builtin_roles() to rookery_api;
reset role;

-- A policy file that changes a role changes it everywhere.
select app.builtin_roles_sync();
