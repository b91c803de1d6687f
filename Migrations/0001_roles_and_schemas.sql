-- Roles belong to the cluster, so another database may have made them already. None is a superuser or may bypass
-- row-level security. Each migration runs its statements as rookery_owner: `set local role` at its head, `reset role`
-- at its foot, so that whoever migrates owns nothing.

do $$
declare
    wanted record;
begin
    for wanted in
        select *
        from (values
            ('rookery_owner', false), ('rookery_api', true), ('rookery_ingest', true), ('rookery_system', true),
            ('rookery_lookup', false), ('rookery_guard', false), ('rookery_writer', false)
        ) as roles (name, may_log_in)
    loop
        if not exists (select from pg_catalog.pg_roles where rolname = wanted.name) then
            begin
                if wanted.may_log_in then
                    execute format('create role %I login', wanted.name);
                else
                    execute format('create role %I nologin', wanted.name);
                end if;
            exception
                when duplicate_object or unique_violation then null;  -- another database was faster
            end;
        end if;
        -- The migrating role hands its objects to these owners, which takes membership.
        if not wanted.may_log_in and not pg_has_role(current_user, wanted.name, 'usage') then
            execute format('grant %I to current_user', wanted.name);
        end if;
    end loop;
end
$$;

create schema if not exists app authorization rookery_owner;
create schema if not exists auth authorization rookery_owner;
revoke all on schema public from public;

set local role rookery_owner;

-- These two are named by column defaults and partition bounds, so they come before the tables.

/* A UUID of version 7 (RFC 9562): 48 bits of Unix milliseconds, then random. */
create function app.uuid_v7() returns uuid
language sql volatile parallel safe
set search_path = pg_catalog
return encode(
    set_bit(
        set_bit(
            overlay(
                uuid_send(gen_random_uuid())
                placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                from 1 for 6),
            52, 1),
        53, 1),
    'hex')::uuid;

/* The smallest uuid whose first 48 bits are this instant's milliseconds: the bound of a partition, the start of a range. */
create function app.uuid_floor(instant timestamptz) returns uuid
language sql immutable strict parallel safe
set search_path = pg_catalog
return encode(
    substring(int8send((extract(epoch from instant) * 1000)::bigint) from 3) || '\x00000000000000000000'::bytea,
    'hex')::uuid;

reset role;
