-- An organization's first administrator. The platform may name one only while the organization has nobody: it cannot put
-- itself into an organization that lives.
set local role rookery_owner;
select app.policy_declare_all('app.membership_roles', 'rookery_guard');
grant insert (organization_id, id, user_id, email_key, name, status) on app.memberships to rookery_guard;
grant insert on app.membership_roles to rookery_guard;
reset role;

set local role rookery_guard;

/* Answers the administrator's user id, or null when the organization is not there or has members. An account that is new gets
   the password; a present one keeps its own. */
create or replace function app.first_administrator(organization uuid, address text, person_name text, hash text) returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    person uuid;
    member uuid := app.uuid_v7();
begin
    -- Two at once would both find nobody.
    perform pg_advisory_xact_lock(hashtextextended('app.first_administrator', 0));
    perform from app.organizations o where o.id = organization and o.deleted_at is null and o.kind <> 'platform';
    if not found then
        return null;
    end if;
    perform from app.memberships m where m.organization_id = organization;
    if found then
        return null;
    end if;
    person := app.user_ensure(address, person_name);
    insert into app.memberships (organization_id, id, user_id, email_key, name, status)
    values (organization, member, person, lower(address), person_name, 'active');
    insert into app.membership_roles (organization_id, membership_id, role_id)
    select organization, member, r.id from app.roles r
    where r.organization_id = organization and r.builtin_key = 'org_admin';
    update app.users u set password_hash = hash, password_organization_id = organization
    where u.id = person and u.password_hash is null and u.status = 'unverified' and u.deleted_at is null;
    return person;
end
$$;

grant execute on function app.first_administrator(uuid, text, text, text) to rookery_system;
reset role;
