-- Leaves of partitioned tables, made ahead. A leaf has forced row-level security, no policy and no grant: it can only be
-- reached through its parent (T11).
set local role rookery_owner;

/* Makes the leaf of `parent` for the day or month that holds `day`, unless it exists. True when it was made. */
create or replace function app.partition_make(parent regclass, unit text, day date) returns boolean
language plpgsql volatile
set search_path = pg_catalog
as $$
declare
    first_day date := date_trunc(unit, day::timestamp)::date;
    next_day date := (date_trunc(unit, day::timestamp) + ('1 ' || unit)::interval)::date;
    leaf text := (select relname from pg_class where oid = parent)
        || to_char(first_day, case unit when 'day' then '_YYYYMMDD' else '_YYYYMM' end);
    starts timestamptz := first_day::timestamp at time zone 'UTC';
    ends timestamptz := next_day::timestamp at time zone 'UTC';
begin
    if to_regclass(format('app.%I', leaf)) is not null then
        return false;
    end if;
    -- CREATE TABLE … PARTITION OF would lock out every reader and writer of the parent; ATTACH locks out nobody.
    execute format('create table app.%I (like %s including all)', leaf, parent);
    execute format('alter table app.%I enable row level security, force row level security', leaf);
    if unit = 'day' then
        execute format('alter table %s attach partition app.%I for values from (%L) to (%L)', parent, leaf, starts, ends);
    else
        execute format(
            'alter table %s attach partition app.%I for values from (%L) to (%L)',
            parent, leaf, app.uuid_floor(starts), app.uuid_floor(ends));
    end if;
    return true;
end
$$;

/* Makes what is missing from `behind` days ago to `ahead` days from now, and answers how many leaves it made.
   A message whose time no leaf covers is kept in telemetry_late, so a late call of this loses nothing there; events and
   the audit have months. One caller at a time; the others find nothing to do. */
create or replace function app.ensure_partitions(ahead integer default 7, behind integer default 2) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog
as $$
declare
    made integer := 0;
    today date := (now() at time zone 'UTC')::date;
    wanted record;
begin
    if ahead not between 0 and 400 or behind not between 0 and 400 then
        raise exception using errcode = '22023', message = 'ahead and behind are days, 0 to 400';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('app.ensure_partitions', 0));
    for wanted in
        select 'app.telemetry_hot'::regclass as parent, 'day' as unit, today + n as day
        from generate_series(-behind, ahead) as n
        union all
        select parent, 'month', month::date
        from unnest(array['app.events', 'app.audit_entries', 'app.dead_letters']::regclass[]) as parent,
            generate_series(
                date_trunc('month', (today - behind)::timestamp),
                date_trunc('month', (today + ahead)::timestamp) + interval '1 month', interval '1 month') as month
    loop
        if app.partition_make(wanted.parent, wanted.unit, wanted.day) then
            made := made + 1;
        end if;
    end loop;
    return made;
end
$$;

reset role;
grant execute on function app.ensure_partitions(integer, integer) to rookery_system;
