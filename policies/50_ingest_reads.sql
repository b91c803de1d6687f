-- What the pipeline asks. rookery_ingest may only execute functions named app.ingest*; rookery_writer owns them. A source
-- number comes from the platform's own books, and the organization always from the source's row.
set local role rookery_owner;
select app.policy_declare_all(format('app.%I', name)::regclass, 'rookery_writer')
from unnest(array[
    'sources', 'devices', 'device_presence', 'organizations', 'tiers', 'telemetry_keys', 'telemetry_keysets', 'telemetry_hot',
    'telemetry_late', 'telemetry_latest', 'dead_letters', 'alarm_rules', 'rule_states', 'alarms', 'events', 'outbox',
    'usage_counters', 'sites']) as name;
grant select on app.sources, app.telemetry_keys to rookery_writer;
grant select (organization_id, id, source_no, device_key, name, type_id, model_id, site_id, zone_id, status, deleted_at)
    on app.devices to rookery_writer;
grant select (id, kind, status, tier_id, time_zone, deleted_at) on app.organizations to rookery_writer;
grant select (id, name, rates) on app.tiers to rookery_writer;
grant select (organization_id, id, time_zone) on app.sites to rookery_writer;
grant select on app.alarm_rules to rookery_writer;
-- To hold a rule and a device as they are while an alarm is raised: a row lock asks for the right to some update.
grant update (updated_at) on app.alarm_rules, app.devices to rookery_writer;
grant select, insert on app.telemetry_keysets, app.telemetry_hot, app.telemetry_late, app.dead_letters, app.events
    to rookery_writer;
grant select, insert, update on app.telemetry_latest, app.alarms, app.device_presence, app.usage_counters to rookery_writer;
grant select, insert, update, delete on app.rule_states to rookery_writer;
grant insert on app.outbox to rookery_writer;
reset role;

set local role rookery_guard;
/* The way of app.ingest_keyset to a new number, which takes a quota that the writer may not touch. */
create or replace function app.telemetry_key_for_source(source integer, key_name text, key_kind text) returns smallint
language sql volatile security definer
set search_path = pg_catalog
as $$
    select app.telemetry_key_of(s.organization_id, key_name, key_kind, null) from app.sources s where s.source_no = source
$$;
grant execute on function app.telemetry_key_for_source(integer, text, text) to rookery_writer;
reset role;
set local role rookery_owner;
select app.policy_declare_all('app.sources', 'rookery_guard');
grant select on app.sources to rookery_guard;
reset role;

set local role rookery_writer;

/* What a lane keeps of its sources: whose they are, the latest values, the rules' states, the open alarms. The arrays of
   one kind run in parallel; a source that is not there has no row. */
create or replace function app.ingest_load(source_nos integer[])
returns table (
    source_no integer, organization_id uuid, organization_status text, time_zone text, kind text, subject_id uuid,
    device_key text, device_name text, device_status text, site_id uuid, zone_id uuid, type_id uuid, model_id uuid,
    seen_at timestamptz, connection text,
    received_at timestamptz, k smallint[], t bigint[], v float8[], x jsonb,
    state_rule_ids uuid[], state_rule_versions integer[], states bytea[], state_deadlines timestamptz[],
    alarm_ids uuid[], alarm_rule_ids uuid[], alarm_severities text[], alarm_raised_at timestamptz[],
    alarm_occurrences integer[])
language plpgsql stable security definer
set search_path = pg_catalog
-- Planning it takes ten times as long as running it for one source, and a function in SQL is planned for every call.
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
    return query
    select s.source_no, s.organization_id, o.status, coalesce(site.time_zone, o.time_zone), s.kind, s.subject_id,
        d.device_key, d.name, d.status, d.site_id, d.zone_id, d.type_id, d.model_id, p.seen_at, p.connection,
        l.received_at, l.k, l.t, l.v, l.x,
        rs.rule_ids, rs.versions, rs.states, rs.deadlines,
        a.ids, a.rule_ids, a.severities, a.raised_at, a.occurrences
    from app.sources s
    join app.organizations o on o.id = s.organization_id and o.deleted_at is null
    left join app.devices d on d.organization_id = s.organization_id and d.id = s.subject_id and s.kind = 'device'
    left join app.sites site on site.organization_id = d.organization_id and site.id = d.site_id
    left join app.device_presence p on p.organization_id = s.organization_id and p.device_id = d.id
    left join app.telemetry_latest l on l.source_no = s.source_no
    left join lateral (
        select array_agg(r.rule_id order by r.rule_id) as rule_ids, array_agg(r.rule_version order by r.rule_id) as versions,
            array_agg(r.state order by r.rule_id) as states, array_agg(r.deadline_at order by r.rule_id) as deadlines
        from app.rule_states r where r.source_no = s.source_no
    ) rs on true
    left join lateral (
        select array_agg(open.id order by open.id) as ids, array_agg(open.rule_id order by open.id) as rule_ids,
            array_agg(open.severity order by open.id) as severities, array_agg(open.raised_at order by open.id) as raised_at,
            array_agg(open.occurrences order by open.id) as occurrences
        from app.alarms open where open.source_no = s.source_no and open.cleared_at is null
    ) a on true
    where s.source_no = any (source_nos) and (s.kind <> 'device' or d.deleted_at is null and d.status <> 'decommissioned');
end
$$;

/* The rules of an organization that the lanes evaluate. */
create or replace function app.ingest_rules(organization uuid)
returns table (
    id uuid, version integer, name text, outcome text, scope text, scope_id uuid, key_nos smallint[], rule jsonb,
    severity text, message text, overrides_id uuid)
language sql stable security definer
set search_path = pg_catalog
as $$
    select r.id, r.version, r.name, r.outcome, r.scope, r.scope_id, r.key_nos, r.rule, r.severity, r.message, r.overrides_id
    from app.alarm_rules r where r.organization_id = organization and r.enabled order by r.id
$$;

/* The names of an organization's datapoints. */
create or replace function app.ingest_keys(organization uuid)
returns table (key_no smallint, name text, kind text)
language sql stable security definer
set search_path = pg_catalog
as $$ select k.key_no, k.name, k.kind from app.telemetry_keys k where k.organization_id = organization order by k.key_no $$;

/* The numbers of a message's names, in the order given, and of the set that they make; new ones are made. A message's
   values are stored in ascending order of key number. Names must be distinct; kinds run parallel to names (null: number).
   RK001: the organization has too many names; RK002: too many sets (then send each name in a set of its own). */
create or replace function app.ingest_keyset(source integer, names text[], kinds text[] default null)
returns table (keyset_no integer, key_nos smallint[])
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
#variable_conflict use_column
declare
    organization uuid;
    sorted smallint[];
    digest bytea;
begin
    select s.organization_id into organization from app.sources s where s.source_no = source;
    if not found then
        return;
    end if;
    select array_agg(coalesce(k.key_no, app.telemetry_key_for_source(source, n.name, coalesce(kinds[n.i], 'number'))) order by n.i)
    into key_nos
    from unnest(names) with ordinality as n (name, i)
    left join app.telemetry_keys k on k.organization_id = organization and k.name = n.name;
    select array_agg(n order by n) into sorted from unnest(key_nos) as n;
    digest := sha256(convert_to(array_to_string(sorted, ','), 'UTF8'));
    select s.keyset_no into keyset_no from app.telemetry_keysets s
    where s.organization_id = organization and s.keys_hash = digest;
    if not found then
        if cardinality(sorted) > 1 and (
            select count(*) from app.telemetry_keysets s where s.organization_id = organization) >= 10000 then
            raise exception using errcode = 'RK002', message = 'the organization has 10,000 sets of datapoints';
        end if;
        insert into app.telemetry_keysets (organization_id, key_nos, keys_hash) values (organization, sorted, digest)
        on conflict (organization_id, keys_hash) do nothing
        returning telemetry_keysets.keyset_no into keyset_no;
        if keyset_no is null then
            select s.keyset_no into keyset_no from app.telemetry_keysets s
            where s.organization_id = organization and s.keys_hash = digest;
        end if;
    end if;
    return next;
end
$$;

/* Keeps a message that can never work, with its reason. Without a source it is the platform's. */
create or replace function app.ingest_dead_letter(
    source integer, message_origin text, reason text, explanation text, message bytea, tries integer default 1
) returns uuid
language sql volatile security definer
set search_path = pg_catalog
as $$
    insert into app.dead_letters (organization_id, origin, source_no, reason_key, detail, payload, attempts)
    select coalesce(
            (select s.organization_id from app.sources s where s.source_no = source),
            (select o.id from app.organizations o where o.kind = 'platform')),
        message_origin, source, reason, left(explanation, 4000), message, tries
    returning id
$$;

grant execute on function app.ingest_load(integer[]), app.ingest_rules(uuid), app.ingest_keys(uuid),
    app.ingest_keyset(integer, text[], text[]),
    app.ingest_dead_letter(integer, text, text, text, bytea, integer) to rookery_ingest;
reset role;
