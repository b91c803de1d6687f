-- Every table of an organization, by class. T: the API role reads and writes it. R: it only reads; who writes is a
-- definer function. A table that is in none of these files denies everybody.
set local role rookery_owner;

do $$
declare
    declared record;
begin
    for declared in
        select format('app.%I', name)::regclass as relation, class
        from (values
            ('organization_tree', 'R'), ('organization_heads', 'R'), ('number_series', 'T'), ('quotas', 'R'),
            ('outbox', 'T'), ('timeline_entries', 'T'), ('revisions', 'T'), ('search_fields', 'T'), ('search_entries', 'T'),
            ('idempotency_keys', 'T'), ('audit_entries', 'R'), ('usage_counters', 'R'),
            ('sites', 'T'), ('zones', 'T'),
            ('memberships', 'T'), ('roles', 'T'), ('membership_roles', 'T'), ('service_accounts', 'T'), ('api_keys', 'T'),
            ('device_models', 'T'), ('datapoints', 'T'), ('model_commands', 'T'), ('device_types', 'T'),
            ('device_products', 'T'), ('sources', 'T'), ('devices', 'T'), ('device_presence', 'T'),
            ('device_credentials', 'T'), ('device_shadows', 'T'),
            ('telemetry_keys', 'R'), ('telemetry_keysets', 'R'), ('telemetry_hot', 'R'), ('telemetry_late', 'R'),
            ('telemetry_latest', 'R'), ('dead_letters', 'T'),
            ('alarm_rules', 'T'), ('rule_states', 'T'), ('alarms', 'T'), ('events', 'T')
        ) as tables (name, class)
    loop
        perform app.policy_declare_tenant(declared.relation);
        execute format('revoke all on %s from rookery_api', declared.relation);
        if declared.class = 'T' then
            execute format('grant select, insert, update, delete on %s to rookery_api', declared.relation);
        else
            execute format('grant select on %s to rookery_api', declared.relation);
        end if;
    end loop;
end
$$;

-- version, updated_at. When a row was last used is no edit and does not change its ETag.
do $$
declare
    declared record;
begin
    for declared in
        select c.oid::regclass as relation,
               (select a.attname from pg_attribute a
                where a.attrelid = c.oid and a.attname in ('used_at', 'seen_at') and not a.attisdropped) as use_column
        from pg_class c
        where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
            and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'version' and not a.attisdropped)
    loop
        perform app.trigger_declare(
            declared.relation, 'touch',
            'before update on @ for each row '
                || coalesce('when (old.' || declared.use_column || ' is not distinct from new.' || declared.use_column || ') ', '')
                || 'execute function app.touch()');
    end loop;
end
$$;

/* Built-in roles are the platform's: an organization may copy one, not change it. */
create or replace function app.roles_keep_builtin() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    if current_user = 'rookery_api' then
        raise exception using
            errcode = 'RK006', message = 'a built-in role cannot be changed', constraint = 'roles_builtin', table = 'roles';
    end if;
    return coalesce(new, old);
end
$$;
select app.trigger_declare(
    'app.roles', 'keep_builtin_insert',
    'before insert on @ for each row when (new.builtin_key is not null) execute function app.roles_keep_builtin()');
select app.trigger_declare(
    'app.roles', 'keep_builtin_update',
    'before update on @ for each row when (old.builtin_key is not null or new.builtin_key is not null)
     execute function app.roles_keep_builtin()');
select app.trigger_declare(
    'app.roles', 'keep_builtin_delete',
    'before delete on @ for each row when (old.builtin_key is not null) execute function app.roles_keep_builtin()');

/* Gives a new device its source number; what the client sent is not looked at. Runs as the caller, under RLS. */
create or replace function app.devices_give_source() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
    insert into app.sources (organization_id, kind, subject_id)
    values (new.organization_id, 'device', new.id)
    returning source_no into new.source_no;
    return new;
end
$$;
select app.trigger_declare('app.devices', 'give_source', 'before insert on @ for each row execute function app.devices_give_source()');

/* The next number of a series of this organization, without a gap: the row stays locked until the transaction ends.
   With `amount` > 1 the last of a block, for serial numbers. Call it late. */
create or replace function app.number_next(name text, period text default '', amount integer default 1) returns bigint
language sql volatile
set search_path = pg_catalog
as $$
    insert into app.number_series as s (organization_id, name_key, period_key, last_value)
    values (app.organization_id(), name, period, amount)
    on conflict (organization_id, name_key, period_key)
    do update set last_value = s.last_value + excluded.last_value
    returning last_value
$$;

reset role;
grant execute on function app.number_next(text, text, integer) to rookery_api;
