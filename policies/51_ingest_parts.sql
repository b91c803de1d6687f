-- The parts of app.ingest (52_ingest.sql), which alone calls them.
set local role rookery_writer;

/* True when every day of [first, last] has a leaf of telemetry_hot. */
create or replace function app.ingest_days_are_hot(first timestamptz, last timestamptz) returns boolean
language plpgsql stable
set search_path = pg_catalog
as $$
declare
    day date := (first at time zone 'UTC')::date;
    last_day date := (last at time zone 'UTC')::date;
begin
    if last_day - day > 7 then
        return false;
    end if;
    while day <= last_day loop
        if to_regclass('app.telemetry_hot_' || to_char(day, 'YYYYMMDD')) is null then
            return false;
        end if;
        day := day + 1;
    end loop;
    return true;
end
$$;

/* The days that have a leaf. */
create or replace function app.ingest_hot_days() returns date[]
language sql stable
set search_path = pg_catalog
as $$
    select coalesce(array_agg(to_date(right(c.relname, 8), 'YYYYMMDD')), '{}')
    from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'app.telemetry_hot'::regclass
$$;

/* Null when every quality is good, as most are. */
create or replace function app.ingest_quality(q smallint[]) returns smallint[]
language sql immutable parallel safe
return case when 0 = all (q) then null else q end;

/* Which messages of this transaction's ingest are not its own rows: the row was there before, or there is no such source.
   A row made here carries this transaction's number; of two equal messages the first made it. */
create or replace function app.ingest_duplicates(m_source integer[], m_keyset integer[], m_ts timestamptz[]) returns integer[]
language sql volatile
set search_path = pg_catalog
as $$
    with message as (
        select m.source_no, m.keyset_no, m.ts, m.position,
            row_number() over (partition by m.source_no, m.keyset_no, m.ts order by m.position) as occurrence
        from unnest(m_source, m_keyset, m_ts) with ordinality as m (source_no, keyset_no, ts, position)
    )
    select coalesce(array_agg(m.position::integer order by m.position), '{}')
    from message m
    where m.occurrence > 1
        or not exists (
            select from app.telemetry_hot h
            where h.source_no = m.source_no and h.ts = m.ts and h.keyset_no = m.keyset_no
                and h.xmin = pg_current_xact_id()::xid)
        and not exists (
            select from app.telemetry_late l
            where l.source_no = m.source_no and l.ts = m.ts and l.keyset_no = m.keyset_no
                and l.xmin = pg_current_xact_id()::xid)
$$;

/* Keeps what the lanes decided of rules' states; a null state removes it. A rule that is gone keeps none. */
create or replace function app.ingest_rule_states(
    r_rule uuid[], r_source integer[], r_version integer[], r_state bytea[], r_deadline timestamptz[]
) returns void
language sql volatile
set search_path = pg_catalog
as $$
    delete from app.rule_states t
    using unnest(r_rule, r_source, r_state) as r (rule_id, source_no, state), app.sources s
    where r.state is null and s.source_no = r.source_no
        and t.organization_id = s.organization_id and t.rule_id = r.rule_id and t.source_no = r.source_no;
    insert into app.rule_states as t (organization_id, rule_id, source_no, rule_version, state, deadline_at)
    select s.organization_id, r.rule_id, r.source_no, r.version, r.state, r.deadline_at
    from unnest(r_rule, r_source, r_version, r_state, r_deadline) as r (rule_id, source_no, version, state, deadline_at)
    join app.sources s on s.source_no = r.source_no
    join app.alarm_rules a on a.organization_id = s.organization_id and a.id = r.rule_id
    where r.state is not null
    order by r.source_no, r.rule_id
    on conflict (organization_id, rule_id, source_no) do update
    set rule_version = excluded.rule_version, state = excluded.state, deadline_at = excluded.deadline_at
$$;

create or replace function app.ingest_instant(milliseconds jsonb) returns timestamptz
language sql immutable strict parallel safe
set search_path = pg_catalog
return to_timestamp((milliseconds #>> '{}')::float8 / 1000);

/* RK003 when an alarm would be raised by a rule that is another by now, or for a device that the rule does not cover any
   more. Both stay as they are until this transaction ends: whoever changes them afterwards finds the alarm and clears it.
   Comes before all writing, so that it never waits while others wait for its rows. */
create or replace function app.ingest_require_rules(transitions jsonb) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    wanted integer;
    held integer;
begin
    with raised as (
        select distinct (e.value ->> 'rule_id')::uuid as rule_id, (e.value ->> 'rule_version')::integer as version,
            (e.value ->> 'source_no')::integer as source_no
        from jsonb_array_elements(transitions) as e (value)
        where e.value ->> 'do' = 'raise'
    ), kept as (
        select r.id
        from raised a
        join app.sources s on s.source_no = a.source_no
        join app.alarm_rules r on r.organization_id = s.organization_id and r.id = a.rule_id
        join app.devices d on d.organization_id = s.organization_id and d.id = s.subject_id
        where r.version = a.version and r.enabled and d.deleted_at is null and d.status <> 'decommissioned'
            and r.scope_id is not distinct from case r.scope
                when 'site' then d.site_id when 'model' then d.model_id when 'type' then d.type_id when 'device' then d.id end
        order by r.id, d.id
        for share of r, d
    )
    select (select count(*) from raised), (select count(*) from kept) into wanted, held;
    if held < wanted then
        raise exception using errcode = 'RK003', message = 'a rule or its device is another than the expected one';
    end if;
end
$$;

/* Alarms in the order in which they happened: one rule may raise and clear the same one many times in a commit. */
create or replace function app.ingest_alarms(transitions jsonb, out raised uuid[], out cleared uuid[])
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    step jsonb;
    happened timestamptz;
    touched uuid;
begin
    raised := '{}';
    cleared := '{}';
    for step in select e.value from jsonb_array_elements(transitions) with ordinality e (value, n) order by e.n
    loop
        happened := app.ingest_instant(step -> 'at');
        touched := null;
        case step ->> 'do'
        when 'raise' then
            insert into app.alarms (
                organization_id, id, rule_id, rule_version, source_no, device_id, asset_id, site_id, severity, raised_at,
                last_at, message, evidence)
            select s.organization_id, (step ->> 'id')::uuid, (step ->> 'rule_id')::uuid, (step ->> 'rule_version')::integer,
                s.source_no, case s.kind when 'device' then s.subject_id end, case s.kind when 'asset' then s.subject_id end,
                case s.kind when 'site' then s.subject_id else d.site_id end,
                step ->> 'severity', happened, happened, coalesce(step ->> 'message', ''), coalesce(step -> 'evidence', '{}')
            from app.sources s
            left join app.devices d on d.organization_id = s.organization_id and d.id = s.subject_id and s.kind = 'device'
            where s.source_no = (step ->> 'source_no')::integer
            on conflict do nothing
            returning id into touched;
            if touched is not null then
                raised := raised || touched;
            end if;
        when 'occur' then
            update app.alarms a
            set last_at = greatest(a.last_at, happened),
                occurrences = coalesce((step ->> 'occurrences')::integer, a.occurrences + 1),
                severity = coalesce(step ->> 'severity', a.severity),
                evidence = coalesce(step -> 'evidence', a.evidence)
            from app.sources s
            where s.source_no = (step ->> 'source_no')::integer and a.organization_id = s.organization_id
                and a.rule_id = (step ->> 'rule_id')::uuid and a.source_no = s.source_no and a.cleared_at is null;
        when 'clear' then
            update app.alarms a
            set cleared_at = happened, clear_reason = coalesce(step ->> 'reason', '')
            from app.sources s
            where s.source_no = (step ->> 'source_no')::integer and a.organization_id = s.organization_id
                and a.rule_id = (step ->> 'rule_id')::uuid and a.source_no = s.source_no and a.cleared_at is null
            returning a.id into touched;
            if touched is not null then
                cleared := cleared || touched;
            end if;
        else
            raise exception using errcode = '22023', message = format('an alarm cannot %s', step ->> 'do');
        end case;
    end loop;
end
$$;

/* What not every commit brings: events, outbox, presence, usage. Of an alarm that was neither raised nor cleared after all
   (`happened` names those that were), no event tells. */
drop function if exists app.ingest_rare(jsonb);
create or replace function app.ingest_rare(rare jsonb, happened uuid[]) returns void
language plpgsql volatile
set search_path = pg_catalog
as $$
begin
    if rare ? 'events' then
        insert into app.events (
            organization_id, id, at, origin, category, type_key, severity, device_id, asset_id, site_id, title, message, data,
            correlation_key)
        select s.organization_id, coalesce(e.id, app.uuid_v7()), app.ingest_instant(e.at), e.origin, coalesce(e.category, ''),
            e.type_key, coalesce(e.severity, 'info'), case s.kind when 'device' then s.subject_id end,
            case s.kind when 'asset' then s.subject_id end, case s.kind when 'site' then s.subject_id else d.site_id end,
            left(e.title, 255), coalesce(e.message, ''), coalesce(e.data, '{}'), e.correlation_key
        from jsonb_to_recordset(rare -> 'events') as e (
            id uuid, source_no integer, at jsonb, origin text, category text, type_key text, severity text, title text,
            message text, data jsonb, correlation_key text)
        join app.sources s on s.source_no = e.source_no
        left join app.devices d on d.organization_id = s.organization_id and d.id = s.subject_id and s.kind = 'device'
        where e.category is distinct from 'alarm' or e.correlation_key = any (happened::text[])
        on conflict do nothing;
    end if;
    if rare ? 'presence' then
        insert into app.device_presence as p (organization_id, device_id, connection, since_at, seen_at, peer, protocol)
        select distinct on (s.organization_id, s.subject_id)
            s.organization_id, s.subject_id, g.connection, app.ingest_instant(g.at), app.ingest_instant(g.at),
            coalesce(g.peer, ''), coalesce(g.protocol, '')
        from jsonb_to_recordset(rare -> 'presence') as g (
            source_no integer, at jsonb, connection text, peer text, protocol text)
        join app.sources s on s.source_no = g.source_no and s.kind = 'device'
        order by s.organization_id, s.subject_id, app.ingest_instant(g.at) desc
        on conflict (organization_id, device_id) do update
        set since_at = case when p.connection = excluded.connection then p.since_at else excluded.since_at end,
            connection = excluded.connection, seen_at = greatest(p.seen_at, excluded.seen_at),
            peer = excluded.peer, protocol = excluded.protocol;
    end if;
    if rare ? 'outbox' then
        insert into app.outbox (organization_id, topic_key, order_key, payload)
        select s.organization_id, o.topic_key, o.order_key, o.payload
        from jsonb_to_recordset(rare -> 'outbox') as o (source_no integer, topic_key text, order_key text, payload jsonb)
        join app.sources s on s.source_no = o.source_no;
    end if;
    if rare ? 'usage' then
        insert into app.usage_counters as u (organization_id, hour_at, meter, shard, n)
        select s.organization_id, date_trunc('hour', app.ingest_instant(c.at), 'UTC'), c.meter, c.shard, sum(c.n)
        from jsonb_to_recordset(rare -> 'usage') as c (source_no integer, at jsonb, meter smallint, shard smallint, n bigint)
        join app.sources s on s.source_no = c.source_no
        group by 1, 2, 3, 4
        order by 1, 2, 3, 4
        on conflict (organization_id, hour_at, meter, shard) do update set n = u.n + excluded.n;
    end if;
end
$$;

reset role;
