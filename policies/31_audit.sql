-- The audit trail: append-only, numbered without a gap, each entry hashed over the one before.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_guard')
from unnest(array['audit_entries', 'organization_heads']) as name;
grant select, insert on app.audit_entries to rookery_guard;
grant select, insert, update on app.organization_heads to rookery_guard;
reset role;

set local role rookery_guard;

/* sha256(prev_hash ‖ int8 seq ‖ uuid id ‖ jsonb text of everything else). */
create or replace function app.audit_hash(entry app.audit_entries) returns bytea
language sql stable parallel safe
set search_path = pg_catalog
return sha256(
    (entry).prev_hash || int8send((entry).audit_seq) || uuid_send((entry).id)
    || convert_to(
        jsonb_build_object(
            'organization_id', (entry).organization_id,
            'actor_kind', (entry).actor_kind, 'actor_id', (entry).actor_id, 'actor_label', (entry).actor_label,
            'action_key', (entry).action_key, 'resource_kind', (entry).resource_kind, 'resource_id', (entry).resource_id,
            'changes', (entry).changes, 'ip', host((entry).ip), 'session_id', (entry).session_id,
            'request_id', (entry).request_id,
            'created_at', (extract(epoch from (entry).created_at) * 1000000)::bigint)::text,
        'UTF8'));

/* Appends to the chain of one organization, whose head stays locked until the transaction ends. */
create or replace function app.audit_write(organization uuid, actor jsonb, entries jsonb) returns bigint
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    next_seq bigint;
    last_hash bytea;
    given jsonb;
    entry app.audit_entries;
begin
    if coalesce(jsonb_array_length(entries), 0) = 0 then
        return null;
    end if;
    select h.audit_seq, h.audit_hash into next_seq, last_hash
    from app.organization_heads h where h.organization_id = organization for update;
    if not found then
        raise exception using errcode = '42501', message = 'no organization is set, or it has no audit chain';
    end if;
    for given in select e.value from jsonb_array_elements(entries) with ordinality e (value, n) order by e.n
    loop
        next_seq := next_seq + 1;
        entry.organization_id := organization;
        entry.id := app.uuid_v7();
        entry.audit_seq := next_seq;
        entry.actor_kind := actor ->> 'kind';
        entry.actor_id := (actor ->> 'id')::uuid;
        entry.actor_label := left(coalesce(actor ->> 'label', ''), 300);
        entry.action_key := given ->> 'action';
        entry.resource_kind := given ->> 'resource_kind';
        entry.resource_id := (given ->> 'resource_id')::uuid;
        entry.changes := coalesce(given -> 'changes', '{}');
        entry.ip := (actor ->> 'ip')::inet;
        entry.session_id := (actor ->> 'session_id')::uuid;
        entry.request_id := left(coalesce(actor ->> 'request_id', ''), 200);
        entry.created_at := clock_timestamp();
        entry.prev_hash := last_hash;
        entry.entry_hash := app.audit_hash(entry);
        insert into app.audit_entries values (entry.*);
        last_hash := entry.entry_hash;
    end loop;
    update app.organization_heads h set audit_seq = next_seq, audit_hash = last_hash
    where h.organization_id = organization;
    return next_seq;
end
$$;

/* Appends entries to this organization's chain and answers the last number. The last statement of a transaction.
   actor: {"kind", "label", "id"?, "session_id"?, "ip"?, "request_id"?};
   entries: [{"action", "resource_kind", "resource_id"?, "changes"?}, …]. */
create or replace function app.audit_append(actor jsonb, entries jsonb) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$ select app.audit_write(app.organization_id(), actor, entries) $$;

/* The same for any organization, for the platform's own doings; null is the platform's chain. */
create or replace function app.audit_append_to(organization uuid, actor jsonb, entries jsonb) returns bigint
language sql volatile security definer
set search_path = pg_catalog
as $$
    select app.audit_write(
        coalesce(organization, (select o.id from app.organizations o where o.kind = 'platform')), actor, entries)
$$;

/* Walks a chain. `broken_seq` is the number of the first link that does not hold, null when all do. */
create or replace function app.audit_check(organization uuid)
returns table (entries bigint, last_seq bigint, broken_seq bigint, reason text)
language plpgsql stable
set search_path = pg_catalog
as $$
declare
    head app.organization_heads;
    entry app.audit_entries;
    expected_hash bytea;
begin
    entries := 0;
    last_seq := 0;
    select * into head from app.organization_heads h where h.organization_id = organization;
    if not found then
        return;
    end if;
    for entry in select * from app.audit_entries a where a.organization_id = organization order by a.audit_seq, a.id
    loop
        if entries = 0 and entry.audit_seq <= head.anchored_seq + 1 and entry.audit_seq > 1 then
            expected_hash := entry.prev_hash;  -- what is older was cut after it was anchored
        elsif entries = 0 then
            expected_hash := '\x0000000000000000000000000000000000000000000000000000000000000000';
            last_seq := 0;
            if entry.audit_seq <> 1 then
                broken_seq := 1;
                reason := 'missing';
            end if;
        elsif entry.audit_seq <> last_seq + 1 then
            broken_seq := last_seq + 1;
            reason := case when entry.audit_seq = last_seq then 'doubled' else 'missing' end;
        end if;
        if broken_seq is null and entry.prev_hash <> expected_hash then
            broken_seq := entry.audit_seq;
            reason := 'does not follow the entry before';
        elsif broken_seq is null and entry.entry_hash <> app.audit_hash(entry) then
            broken_seq := entry.audit_seq;
            reason := 'changed';
        end if;
        if broken_seq is not null then
            return next;
            return;
        end if;
        entries := entries + 1;
        last_seq := entry.audit_seq;
        expected_hash := entry.entry_hash;
    end loop;
    if last_seq <> head.audit_seq and not (entries = 0 and head.audit_seq <= head.anchored_seq) then
        broken_seq := last_seq + 1;
        reason := 'missing';
    elsif entries > 0 and head.audit_hash <> expected_hash then
        broken_seq := last_seq;
        reason := 'is not the entry that the head names';
    end if;
    return next;
end
$$;

/* This organization's chain, read under row-level security. */
create or replace function app.audit_verify()
returns table (entries bigint, last_seq bigint, broken_seq bigint, reason text)
language sql stable
set search_path = pg_catalog
as $$ select * from app.audit_check(app.organization_id()) $$;

/* Any chain, for the platform; null is the platform's own. */
create or replace function app.audit_verify_of(organization uuid)
returns table (entries bigint, last_seq bigint, broken_seq bigint, reason text)
language sql stable security definer
set search_path = pg_catalog
as $$
    select * from app.audit_check(
        coalesce(organization, (select o.id from app.organizations o where o.kind = 'platform')))
$$;

grant execute on function app.audit_append(jsonb, jsonb), app.audit_verify(), app.audit_check(uuid),
    app.audit_hash(app.audit_entries) to rookery_api;
grant execute on function app.audit_append_to(uuid, jsonb, jsonb), app.audit_verify_of(uuid) to rookery_system;
reset role;
