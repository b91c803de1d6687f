-- The files of this folder are the desired state of roles' rights: functions, triggers, policies, grants. They are
-- applied in the order of their names, each in one transaction, whole and repeatedly; 99_end.sql closes what this opens.

grant usage on schema app to rookery_api, rookery_ingest, rookery_system, rookery_lookup, rookery_guard, rookery_writer;
grant usage on schema auth to rookery_api, rookery_lookup, rookery_guard;
-- Whoever owns a function needs this when it is made; taken back at the end.
grant create on schema app to rookery_lookup, rookery_guard, rookery_writer;
grant create on schema auth to rookery_lookup, rookery_guard;

alter default privileges for role rookery_owner revoke execute on functions from public;
alter default privileges for role rookery_lookup revoke execute on functions from public;
alter default privileges for role rookery_guard revoke execute on functions from public;
alter default privileges for role rookery_writer revoke execute on functions from public;

set local role rookery_owner;

/*
The organization that this transaction acts in; null when none is set. After a COMMIT the setting is '', not null.
This function and the next stand in every policy, so they must be ones that the planner can inline: without
`set search_path`, which a body written as RETURN does not need, because its names are bound when it is made.
*/
create or replace function app.organization_id() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.organization_id', true), '')::uuid;

/* The person who acts, or null. */
create or replace function app.user_id() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.user_id', true), '')::uuid;

/* Makes the policy as described, and touches nothing when it already is: the description's hash is its comment. */
create or replace function app.policy_declare(
    relation regclass, name text, command text, role text, using_text text, check_text text
) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
    digest text := md5(concat_ws('|', command, role, coalesce(using_text, '-'), coalesce(check_text, '-')));
    found text;
begin
    select obj_description(p.oid, 'pg_policy') into found
    from pg_policy p where p.polrelid = relation and p.polname = name;
    if found = digest then
        return;
    end if;
    if exists (select from pg_policy p where p.polrelid = relation and p.polname = name) then
        execute format('drop policy %I on %s', name, relation);
    end if;
    execute format(
        'create policy %I on %s for %s to %I%s%s', name, relation, command, role,
        ' using (' || using_text || ')', ' with check (' || check_text || ')');
    execute format('comment on policy %I on %s is %L', name, relation, digest);
end
$$;

/* The two forms nearly every policy has: the canonical one of a tenant, and "all rows" for a role whose grants say enough. */
create or replace function app.policy_declare_tenant(relation regclass) returns void
language sql
set search_path = pg_catalog
as $$
    select app.policy_declare(
        relation, 'tenant', 'all', 'rookery_api',
        'organization_id = (select app.organization_id())', 'organization_id = (select app.organization_id())')
$$;

create or replace function app.policy_declare_all(relation regclass, role text) returns void
language sql
set search_path = pg_catalog
as $$
    select app.policy_declare(relation, replace(role, 'rookery_', ''), 'all', role, 'true', 'true')
$$;

/* Sets what edited rows carry: `updated_at` and `version`, the ETag. */
create or replace function app.touch() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    new.created_at := old.created_at;
    new.updated_at := now();
    new.version := old.version + 1;
    return new;
end
$$;

/* Makes a trigger unless one of that name calls that function already; a changed trigger takes a new name. */
create or replace function app.trigger_declare(relation regclass, name text, definition text) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
    digest text := md5(definition);
    found text;
begin
    select obj_description(t.oid, 'pg_trigger') into found
    from pg_trigger t where t.tgrelid = relation and t.tgname = name;
    if found = digest then
        return;
    end if;
    execute format('create or replace trigger %I %s', name, replace(definition, '@', relation::text));
    execute format('comment on trigger %I on %s is %L', name, relation, digest);
end
$$;

reset role;

grant execute on function app.organization_id(), app.user_id() to
    rookery_api, rookery_system, rookery_lookup, rookery_guard, rookery_writer;
grant execute on function app.uuid_v7(), app.uuid_floor(timestamptz) to
    rookery_api, rookery_system, rookery_lookup, rookery_guard, rookery_writer;
