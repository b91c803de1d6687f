-- Quotas: counter rows kept by statement triggers, check and count in one UPDATE.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array['quotas', 'organizations', 'organization_tree', 'tiers', 'outbox', 'events']) as name;
grant select, insert, update on app.quotas to rookery_guard;
grant select on app.organizations, app.organization_tree, app.tiers to rookery_guard;
grant insert on app.outbox, app.events to rookery_guard;
reset role;

set local role rookery_guard;

/* Adds `amount` to one counter, or fails with RK001 when it would pass the limit. */
create or replace function app.quota_add_to(owner_id uuid, resource text, quota_scope text, amount bigint) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    row_now app.quotas;
    level_before integer;
begin
    update app.quotas q
    set used = q.used + amount,
        level = app.quota_level(q.used + amount, q.max_allowed),
        grace_until_at = case when q.used + amount > q.max_allowed then q.grace_until_at end
    where q.organization_id = owner_id and q.resource_key = resource and q.scope = quota_scope and q.window_on = '-infinity'
        and (q.max_allowed is null or amount <= 0 or q.used + amount <= q.max_allowed)
    returning * into row_now;
    if found then
        level_before := app.quota_level(row_now.used - amount, row_now.max_allowed);
        if row_now.level > level_before then
            insert into app.outbox (organization_id, topic_key, order_key, payload)
            values (owner_id, 'quota.level', 'quota:' || resource, jsonb_build_object(
                'resource', resource, 'scope', quota_scope, 'level', row_now.level,
                'limit', row_now.max_allowed, 'used', row_now.used));
            insert into app.events (organization_id, id, at, origin, category, type_key, severity, title, data)
            values (owner_id, app.uuid_v7(), now(), 'system', 'quota', 'quota.level',
                case row_now.level when 100 then 'error' else 'warning' end,
                format('%s %% of the limit of %s are used', row_now.level, replace(resource, '_', ' ')),
                jsonb_build_object(
                    'resource', resource, 'scope', quota_scope, 'level', row_now.level, 'limit', row_now.max_allowed,
                    'used', row_now.used));
        end if;
        return;
    end if;
    select * into row_now from app.quotas q
    where q.organization_id = owner_id and q.resource_key = resource and q.scope = quota_scope and q.window_on = '-infinity';
    if found then
        raise exception using
            errcode = 'RK001', message = format('the quota of %s is used up', resource),
            detail = jsonb_build_object(
                'resource', resource, 'scope', quota_scope, 'limit', row_now.max_allowed, 'used', row_now.used,
                'tier', (select t.name from app.organizations o join app.tiers t on t.id = o.tier_id
                    where o.id = owner_id))::text;
    end if;
    -- A resource that no tier limits is counted all the same. A pool exists only when it was given.
    if quota_scope = 'own' then
        insert into app.quotas as q (organization_id, resource_key, scope, used)
        values (owner_id, resource, quota_scope, greatest(amount, 0))
        on conflict (organization_id, resource_key, scope, window_on) do update set used = q.used + amount;
    end if;
end
$$;

/* 0, 80 or 100: the part of the limit that is reached, in percent. */
create or replace function app.quota_level(used bigint, max_allowed bigint) returns integer
language sql immutable parallel safe
set search_path = pg_catalog
return case when max_allowed is null or used <= 0 then 0 when used >= max_allowed then 100 when used * 5 >= max_allowed * 4 then 80 else 0 end;

/* Counts on the organization's own row, then on the pool of each ancestor that has one, from near to far. */
create or replace function app.quota_add(organization uuid, resource text, amount bigint) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    ancestor uuid;
begin
    if amount = 0 then
        return;
    end if;
    perform app.quota_add_to(organization, resource, 'own', amount);
    for ancestor in
        select t.organization_id from app.organization_tree t
        where t.descendant_id = organization and t.depth > 0 order by t.depth
    loop
        perform app.quota_add_to(ancestor, resource, 'pool', amount);
    end loop;
end
$$;

/* Statement trigger. Arguments: the resource, and the column that makes a row count no longer (or nothing). */
create or replace function app.quota_count() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    changed record;
begin
    if tg_op = 'INSERT' then
        for changed in
            select organization_id, count(*) as amount from new_rows group by organization_id order by organization_id
        loop
            perform app.quota_add(changed.organization_id, tg_argv[0], changed.amount);
        end loop;
    elsif tg_op = 'DELETE' then
        for changed in
            select o.organization_id, count(*) as amount from old_rows o
            where tg_nargs = 1 or to_jsonb(o) ->> tg_argv[1] is null
            group by o.organization_id order by o.organization_id
        loop
            perform app.quota_add(changed.organization_id, tg_argv[0], -changed.amount);
        end loop;
    else
        for changed in
            select r.organization_id, sum(r.amount)::bigint as amount
            from (
                select n.organization_id, count(*) as amount from new_rows n
                where to_jsonb(n) ->> tg_argv[1] is null group by 1
                union all
                select o.organization_id, -count(*) from old_rows o
                where to_jsonb(o) ->> tg_argv[1] is null group by 1
            ) r
            group by r.organization_id order by r.organization_id
        loop
            perform app.quota_add(changed.organization_id, tg_argv[0], changed.amount);
        end loop;
    end if;
    return null;
end
$$;

/* Brings the limits in line with the tier and the overrides. Used numbers stay; who is above a lowered limit keeps what
   there is, may make no more, and has 30 days before anything is asked. */
create or replace function app.quota_sync(organization uuid) returns void
language sql volatile
set search_path = pg_catalog
as $$
    insert into app.quotas as q (organization_id, resource_key, scope, max_allowed, used, level)
    select organization, l.resource, l.scope, l.max_allowed, l.used, app.quota_level(l.used, l.max_allowed)
    from (
        select k.key as resource, 'own' as scope, (k.value #>> '{}')::bigint as max_allowed, 0::bigint as used
        from app.organizations o
        join app.tiers t on t.id = o.tier_id
        cross join jsonb_each(t.limits || coalesce(o.overrides -> 'limits', '{}')) k
        where o.id = organization
            and k.key in ('devices', 'users', 'sites', 'assets', 'alarm_rules', 'dashboards', 'api_keys', 'telemetry_keys')
        union all
        select k.key, 'pool', (k.value #>> '{}')::bigint, (
            select coalesce(sum(c.used), 0)::bigint
            from app.organization_tree t
            join app.quotas c on c.organization_id = t.descendant_id and c.resource_key = k.key
                and c.scope = 'own' and c.window_on = '-infinity'
            where t.organization_id = organization and t.depth > 0)
        from app.organizations o
        cross join jsonb_each(coalesce(o.overrides -> 'pools', '{}')) k
        where o.id = organization
    ) l
    order by l.resource, l.scope
    on conflict (organization_id, resource_key, scope, window_on) do update
    set max_allowed = excluded.max_allowed,
        level = app.quota_level(q.used, excluded.max_allowed),
        grace_until_at = case
            when q.used > excluded.max_allowed then coalesce(q.grace_until_at, now() + interval '30 days')
        end
$$;

create or replace function app.organizations_sync_quotas() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    perform app.quota_sync(new.id);
    return null;
end
$$;

create or replace function app.tiers_sync_quotas() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    perform app.quota_sync(o.id) from app.organizations o where o.tier_id = new.id order by o.id;
    return null;
end
$$;

reset role;
-- A trigger's maker needs EXECUTE; its firing needs none.
grant execute on function app.quota_count(), app.organizations_sync_quotas(), app.tiers_sync_quotas() to rookery_owner;

set local role rookery_owner;
do $$
declare
    counted record;
begin
    for counted in
        select format('app.%I', name)::regclass as relation, resource, gone
        from (values
            ('devices', 'devices', 'deleted_at'), ('memberships', 'users', null), ('sites', 'sites', null),
            ('alarm_rules', 'alarm_rules', null), ('api_keys', 'api_keys', 'revoked_at')
        ) as tables (name, resource, gone)
    loop
        perform app.trigger_declare(counted.relation, 'quota_insert', format(
            'after insert on @ referencing new table as new_rows for each statement execute function app.quota_count(%L)',
            counted.resource));
        perform app.trigger_declare(counted.relation, 'quota_delete', format(
            'after delete on @ referencing old table as old_rows for each statement execute function app.quota_count(%s)',
            concat_ws(', ', quote_literal(counted.resource), quote_literal(counted.gone))));
        if counted.gone is not null then
            perform app.trigger_declare(counted.relation, 'quota_update', format(
                'after update on @ referencing old table as old_rows new table as new_rows for each statement
                 execute function app.quota_count(%L, %L)', counted.resource, counted.gone));
        end if;
    end loop;
    perform app.trigger_declare(
        'app.organizations', 'sync_quotas',
        'after update of tier_id, overrides on @ for each row execute function app.organizations_sync_quotas()');
    perform app.trigger_declare(
        'app.tiers', 'sync_quotas', 'after update of limits on @ for each row execute function app.tiers_sync_quotas()');
end
$$;
reset role;
