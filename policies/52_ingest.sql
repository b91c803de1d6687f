-- The one statement that stores measurements (architecture.md, "Ingest under RLS"): a group commit of many messages of
-- many organizations. Nobody names an organization: it comes from the source's row. A replay changes nothing.
set local role rookery_writer;

-- PL/pgSQL turns array parameters into expanded arrays, and each slice of one copies the whole array. Within a row they
-- stay as they are: 1.3 µs a message less in a commit of 2,000.
do $$
begin
    if to_regtype('app.ingest_values') is null then
        create type app.ingest_values as (m_v float8[], m_q smallint[], l_k smallint[], l_t bigint[], l_v float8[]);
    end if;
end
$$;

/* Stores one group commit.
   given.m_v, m_q, l_k, l_t, l_v: the values of all rows, one behind the other.
   m_fresh: the caller expects none of these messages to be here already. One index descent a message less (a third of the
        cost); if it was wrong, 23505 on telemetry_hot and nothing is done.
   m_*: one element a message. Message i has the values m_v[m_start + 1 … m_start + m_count], in ascending order of key number;
        m_q runs parallel to m_v (null: all good); m_x holds what is not a number, by key number; m_received_ms counts from m_ts.
   l_*: one element a source whose latest values changed: all of them, as l_k, l_t (Unix ms), l_v [l_start + 1 … + l_count], l_x.
        l_expected is the received_at that the caller's knowledge is of, null for none; when it is another one by now, somebody
        else has written: RK003 and nothing is done. So what was decided from stale knowledge is never stored.
   r_*: one element a rule and source whose state changed; a null state removes it.
   rare: null, or an object of arrays (times in Unix ms):
     alarms   [{"do": "raise", "id", "rule_id", "rule_version", "source_no", "severity", "at", "message", "evidence"}
               {"do": "occur", "rule_id", "source_no", "at", "occurrences", "severity"?, "evidence"?}
               {"do": "clear", "rule_id", "source_no", "at", "reason"}]   in the order in which they happened
     events   [{"id"?, "source_no", "at", "origin", "category"?, "type_key", "severity"?, "title", "message"?, "data"?, "correlation_key"?}]
     outbox   [{"source_no", "topic_key", "order_key"?, "payload"}]
     presence [{"source_no", "at", "connection", "protocol"?, "peer"?}]
     usage    [{"source_no", "at", "meter", "shard", "n"}]                 any source of the organization
   An alarm is raised only by the enabled rule of that version, for a device that it covers: else RK003 and nothing is done.
   Answers: duplicates, the positions (from 1) of messages that were there already, that equal an earlier one in source, time
   and keyset, or whose source is not;
   raised, the ids of alarms that are new; cleared, the ids of alarms that were open and are not now. */
create or replace function app.ingest(
    given app.ingest_values, m_fresh boolean,
    m_source integer[], m_keyset integer[], m_ts timestamptz[], m_received_ms integer[], m_origin smallint[],
    m_start integer[], m_count integer[], m_x jsonb[],
    l_source integer[], l_expected timestamptz[], l_received timestamptz[], l_start integer[], l_count integer[], l_x jsonb[],
    r_rule uuid[], r_source integer[], r_version integer[], r_state bytea[], r_deadline timestamptz[],
    rare jsonb,
    out duplicates integer[], out raised uuid[], out cleared uuid[])
language plpgsql volatile security definer
set search_path = pg_catalog
set plan_cache_mode = force_generic_plan
as $$
declare
    wanted integer := coalesce(cardinality(m_source), 0);
    stored integer := 0;
    stored_late integer := 0;
    first_ts timestamptz;
    last_ts timestamptz;
    hot_days date[];
begin
    duplicates := '{}';
    raised := '{}';
    cleared := '{}';
    if rare ? 'alarms' then
        perform app.ingest_require_rules(rare -> 'alarms');
    end if;
    if wanted > 0 then
        select min(t), max(t) into first_ts, last_ts from unnest(m_ts) as t;
        if not app.ingest_days_are_hot(first_ts, last_ts) then
            hot_days := app.ingest_hot_days();
            insert into app.telemetry_hot (organization_id, source_no, keyset_no, ts, received_ms, origin, v, q, x)
            select s.organization_id, m.source_no, m.keyset_no, m.ts, m.received_ms, m.origin,
                (given).m_v[m.first + 1 : m.first + m.n],
                app.ingest_quality((given).m_q[m.first + 1 : m.first + m.n]), m.x
            from unnest(m_source, m_keyset, m_ts, m_received_ms, m_origin, m_start, m_count, m_x)
                as m (source_no, keyset_no, ts, received_ms, origin, first, n, x)
            join app.sources s on s.source_no = m.source_no
            where (m.ts at time zone 'UTC')::date = any (hot_days)
            on conflict do nothing;
            get diagnostics stored = row_count;
            insert into app.telemetry_late (organization_id, source_no, keyset_no, ts, received_ms, origin, v, q, x)
            select s.organization_id, m.source_no, m.keyset_no, m.ts, m.received_ms, m.origin,
                (given).m_v[m.first + 1 : m.first + m.n],
                app.ingest_quality((given).m_q[m.first + 1 : m.first + m.n]), m.x
            from unnest(m_source, m_keyset, m_ts, m_received_ms, m_origin, m_start, m_count, m_x)
                as m (source_no, keyset_no, ts, received_ms, origin, first, n, x)
            join app.sources s on s.source_no = m.source_no
            where not (m.ts at time zone 'UTC')::date = any (hot_days)
            on conflict do nothing;
            get diagnostics stored_late = row_count;
        elsif m_fresh then
            insert into app.telemetry_hot (organization_id, source_no, keyset_no, ts, received_ms, origin, v, q, x)
            select s.organization_id, m.source_no, m.keyset_no, m.ts, m.received_ms, m.origin,
                (given).m_v[m.first + 1 : m.first + m.n],
                app.ingest_quality((given).m_q[m.first + 1 : m.first + m.n]), m.x
            from unnest(m_source, m_keyset, m_ts, m_received_ms, m_origin, m_start, m_count, m_x)
                as m (source_no, keyset_no, ts, received_ms, origin, first, n, x)
            join app.sources s on s.source_no = m.source_no;
            get diagnostics stored = row_count;
        else
            insert into app.telemetry_hot (organization_id, source_no, keyset_no, ts, received_ms, origin, v, q, x)
            select s.organization_id, m.source_no, m.keyset_no, m.ts, m.received_ms, m.origin,
                (given).m_v[m.first + 1 : m.first + m.n],
                app.ingest_quality((given).m_q[m.first + 1 : m.first + m.n]), m.x
            from unnest(m_source, m_keyset, m_ts, m_received_ms, m_origin, m_start, m_count, m_x)
                as m (source_no, keyset_no, ts, received_ms, origin, first, n, x)
            join app.sources s on s.source_no = m.source_no
            on conflict do nothing;
            get diagnostics stored = row_count;
        end if;
        if stored + stored_late < wanted then
            duplicates := app.ingest_duplicates(m_source, m_keyset, m_ts);
        end if;
    end if;

    wanted := coalesce(cardinality(l_source), 0);
    if wanted > 0 then
        update app.telemetry_latest t
        set received_at = l.received_at, k = (given).l_k[l.first + 1 : l.first + l.n],
            t = (given).l_t[l.first + 1 : l.first + l.n], v = (given).l_v[l.first + 1 : l.first + l.n], x = l.x
        from unnest(l_source, l_expected, l_received, l_start, l_count, l_x)
            as l (source_no, expected, received_at, first, n, x)
        where t.source_no = l.source_no and t.received_at = l.expected;
        get diagnostics stored = row_count;
        if stored < wanted then
            insert into app.telemetry_latest (organization_id, source_no, received_at, k, t, v, x)
            select s.organization_id, l.source_no, l.received_at, (given).l_k[l.first + 1 : l.first + l.n],
                (given).l_t[l.first + 1 : l.first + l.n], (given).l_v[l.first + 1 : l.first + l.n], l.x
            from unnest(l_source, l_expected, l_received, l_start, l_count, l_x)
                as l (source_no, expected, received_at, first, n, x)
            join app.sources s on s.source_no = l.source_no
            where l.expected is null
            on conflict do nothing;
            get diagnostics stored_late = row_count;
            if stored + stored_late < wanted then
                raise exception using errcode = 'RK003', message = 'the latest values of a source are not the expected ones';
            end if;
        end if;
    end if;

    if cardinality(r_rule) > 0 then
        perform app.ingest_rule_states(r_rule, r_source, r_version, r_state, r_deadline);
    end if;
    if rare ? 'alarms' then
        select a.raised, a.cleared into raised, cleared from app.ingest_alarms(rare -> 'alarms') a;
    end if;
    if rare is not null then
        perform app.ingest_rare(rare, raised || cleared);
    end if;
end
$$;

grant execute on function app.ingest(
    app.ingest_values, boolean,
    integer[], integer[], timestamptz[], integer[], smallint[], integer[], integer[], jsonb[],
    integer[], timestamptz[], timestamptz[], integer[], integer[], jsonb[],
    uuid[], integer[], integer[], bytea[], timestamptz[], jsonb) to rookery_ingest;
reset role;
