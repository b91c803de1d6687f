-- What a tenant may cause but not write: the way from a credential to its organization, datapoint numbers, usage, the
-- word to other nodes that a cache is stale.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array['credential_index', 'telemetry_keys', 'usage_counters', 'cache_invalidations', 'idempotency_keys']) as name;
grant select, insert, update, delete on app.credential_index to rookery_guard;
grant select, insert on app.telemetry_keys to rookery_guard;
grant select, insert, update on app.usage_counters to rookery_guard;
grant select, insert on app.cache_invalidations to rookery_guard;
grant select, insert, update on app.idempotency_keys to rookery_guard;
reset role;

set local role rookery_guard;

/* Row trigger of a table with `secret_hash` and `revoked_at`; its argument is the kind. What is revoked is gone. */
create or replace function app.credential_index_keep() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
begin
    if tg_op <> 'INSERT' then
        delete from app.credential_index i where i.kind = tg_argv[0] and i.lookup_hash = old.secret_hash
            and i.organization_id = old.organization_id and i.subject_id = old.id;
    end if;
    if tg_op <> 'DELETE' and new.revoked_at is null then
        insert into app.credential_index (kind, lookup_hash, organization_id, subject_id)
        values (tg_argv[0], new.secret_hash, new.organization_id, new.id);
    end if;
    return null;
end
$$;

/* The number of a datapoint's name in an organization; a new name takes the next one. Its quota row is counter and lock. */
create or replace function app.telemetry_key_of(organization uuid, key_name text, key_kind text, key_unit text) returns smallint
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    number smallint;
begin
    select k.key_no into number from app.telemetry_keys k where k.organization_id = organization and k.name = key_name;
    if found then
        return number;
    end if;
    perform app.quota_add_to(organization, 'telemetry_keys', 'own', 1);
    -- Whoever was faster has committed by now and is seen by this new statement; the count taken is given back.
    select k.key_no into number from app.telemetry_keys k where k.organization_id = organization and k.name = key_name;
    if found then
        perform app.quota_add_to(organization, 'telemetry_keys', 'own', -1);
        return number;
    end if;
    insert into app.telemetry_keys (organization_id, key_no, name, kind, unit)
    select organization, coalesce(max(k.key_no), 0) + 1, key_name, key_kind, key_unit
    from app.telemetry_keys k where k.organization_id = organization
    returning key_no into number;
    return number;
end
$$;

/* The same for this organization, for models and rules that name a datapoint. RK001 when there are too many names. */
create or replace function app.telemetry_key(name text, kind text default 'number', unit text default null) returns smallint
language sql volatile security definer
set search_path = pg_catalog
as $$ select app.telemetry_key_of(app.organization_id(), name, kind, unit) $$;

/* Adds to this organization's hourly counters. `shard` is the node, so that two nodes do not wait for each other. */
create or replace function app.count_usage(hour timestamptz, meters smallint[], amounts bigint[], shard smallint) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
    insert into app.usage_counters as u (organization_id, hour_at, meter, shard, n)
    select app.organization_id(), date_trunc('hour', hour, 'UTC'), c.meter, shard, sum(c.amount)
    from unnest(meters, amounts) as c (meter, amount)
    group by c.meter
    order by c.meter
    on conflict (organization_id, hour_at, meter, shard) do update set n = u.n + excluded.n
$$;

/* What a platform administrator's request with this key was answered, and with which the key is kept: in rows of the
   platform's own, for what happens in no organization. */
create or replace function app.platform_answer(administrator uuid, used_key text)
returns table (request_hash bytea, status smallint, answer jsonb)
language sql stable security definer
set search_path = pg_catalog
as $$
    select k.request_hash, k.status, k.answer
    from app.idempotency_keys k join app.organizations o on o.id = k.organization_id and o.kind = 'platform'
    where k.principal_id = administrator and k.key = used_key and k.expires_at > now()
$$;

create or replace function app.platform_answer_keep(
    administrator uuid, used_key text, hash bytea, answered smallint, kept jsonb
) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
    insert into app.idempotency_keys (organization_id, principal_id, key, request_hash, status, answer)
    select o.id, administrator, used_key, hash, answered, kept from app.organizations o where o.kind = 'platform'
    on conflict on constraint idempotency_keys_pkey do update set request_hash = excluded.request_hash,
        status = excluded.status, answer = excluded.answer, expires_at = excluded.expires_at, created_at = now()
$$;

/* Tells every node that what it keeps of a subject is stale: the row is the truth, the notice wakes. */
create or replace function app.invalidate(kind text, subject_id uuid default null) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
    insert into app.cache_invalidations (organization_id, kind, subject_id) values (app.organization_id(), kind, subject_id);
    select pg_notify('rookery_invalidations', '')
$$;

/* The same for any organization, or for none. */
create or replace function app.invalidate_for(organization uuid, kind text, subject_id uuid default null) returns void
language sql volatile security definer
set search_path = pg_catalog
as $$
    insert into app.cache_invalidations (organization_id, kind, subject_id) values (organization, kind, subject_id);
    select pg_notify('rookery_invalidations', '')
$$;

/* What became stale since `since` (the `next_since` of the call before; null: only answers where to begin). Always at
   least one row, with a null kind when there is nothing. A row may come twice, none is missed: everything below
   `next_since` had ended when it was read. */
create or replace function app.invalidations(since bigint)
returns table (next_since bigint, organization_id uuid, kind text, subject_id uuid)
language sql stable security definer
set search_path = pg_catalog
as $$
    select pg_snapshot_xmin(pg_current_snapshot())::text::bigint, i.organization_id, i.kind, i.subject_id
    from (values (1)) as one (n)
    left join app.cache_invalidations i on i.xid >= since::text::xid8
    order by i.n
$$;

grant execute on function app.telemetry_key(text, text, text), app.count_usage(timestamptz, smallint[], bigint[], smallint),
    app.invalidate(text, uuid) to rookery_api;
grant execute on function app.invalidate_for(uuid, text, uuid), app.invalidations(bigint), app.platform_answer(uuid, text),
    app.platform_answer_keep(uuid, text, bytea, smallint, jsonb) to rookery_system;
grant execute on function app.credential_index_keep() to rookery_owner;
reset role;

set local role rookery_owner;
select app.trigger_declare(
    'app.api_keys', 'keep_credential_index',
    $$after insert or delete or update of secret_hash, revoked_at on @ for each row
      execute function app.credential_index_keep('api_key')$$);
select app.trigger_declare(
    'app.device_credentials', 'keep_token_index',
    $$after insert on @ for each row when (new.kind = 'token') execute function app.credential_index_keep('device_token')$$);
select app.trigger_declare(
    'app.device_credentials', 'keep_token_index_update',
    $$after update of secret_hash, revoked_at on @ for each row when (new.kind = 'token')
      execute function app.credential_index_keep('device_token')$$);
select app.trigger_declare(
    'app.device_credentials', 'keep_token_index_delete',
    $$after delete on @ for each row when (old.kind = 'token') execute function app.credential_index_keep('device_token')$$);
reset role;
