-- Tries, as the API role, everything that one organization could do to another's rows by raw SQL (S3), on every
-- relation of the schema as the catalog lists it, and answers what was possible. Whoever adds a table falls under it.

create function pg_temp.act_in(organization uuid, person uuid) returns void
language sql
as $$
    select set_config('app.organization_id', coalesce(organization::text, ''), true),
        set_config('app.user_id', coalesce(person::text, ''), true)
$$;

/* Null when the statement is refused with one of `expected`, or touches nothing and may; else what happened. */
create function pg_temp.refused(statement text, expected text[], may_touch_nothing boolean default false) returns text
language plpgsql
as $$
declare
    touched bigint;
    finding text;
begin
    begin
        execute statement;
        get diagnostics touched = row_count;
        if not (may_touch_nothing and touched = 0) then
            finding := format('worked on %s rows: %s', touched, statement);
        end if;
        -- Undoes what the statement did.
        raise exception using errcode = 'RKUND', message = coalesce(finding, '');
    exception when others then
        if sqlstate = 'RKUND' then
            return nullif(sqlerrm, '');
        elsif sqlstate = any (expected) then
            return null;
        end if;
        return format('failed with %s instead of %s: %s (%s)', sqlstate, expected, statement, sqlerrm);
    end;
end
$$;

create function pg_temp.count_of(relation regclass, condition text default 'true') returns bigint
language plpgsql
as $$
declare
    n bigint;
begin
    execute format('select count(*) from %s where %s', relation, condition) into n;
    return n;
end
$$;

create function pg_temp.walls(own uuid, own_user uuid, other uuid, other_user uuid)
returns table (relation text, finding text)
language plpgsql
as $$
declare
    r record;
    key record;
    foreign_id uuid;
    columns text;
    values_of text;
    sample text;
begin
    for r in
        select c.oid::regclass as name, c.relispartition, c.relkind,
            exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id') as has_organization
        from pg_class c
        where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v')
        order by c.relname
    loop
        relation := r.name::text;
        perform pg_temp.act_in(own, own_user);
        finding := null;

        finding := pg_temp.refused(format('truncate %s', r.name), '{42501}');
        if finding is not null then return next; end if;

        if r.relispartition or not has_any_column_privilege(r.name, 'select') then
            if not r.relispartition then
                finding := 'hidden';
                return next;
            end if;
            foreach sample in array array[
                format('select * from %s', r.name), format('insert into %s default values', r.name),
                format('delete from %s', r.name)]
            loop
                finding := pg_temp.refused(sample, '{42501}');
                if finding is not null then return next; end if;
            end loop;
            continue;
        end if;

        if not r.has_organization then
            case relation
            when 'app.tiers' then
                finding := pg_temp.refused('update app.tiers set name = name', '{42501}');
                if finding is not null then return next; end if;
            when 'app.organizations', 'app.users' then
                finding := null;
                if pg_temp.count_of(r.name, format('id in (%L, %L)', other, other_user)) <> 0 then
                    finding := 'shows a foreign row';
                    return next;
                end if;
                if pg_temp.count_of(r.name, format('id in (%L, %L)', own, own_user)) <> 1 then
                    finding := 'hides the own row';
                    return next;
                end if;
                finding := pg_temp.refused(
                    format('update %s set name = name where id in (%L, %L)', r.name, other, other_user), '{42501}', true);
                if finding is not null then return next; end if;
                foreach sample in array array[
                    format('delete from %s where id = %L', r.name, own), format('insert into %s default values', r.name),
                    format('update %s set id = id', r.name)]
                loop
                    finding := pg_temp.refused(sample, '{42501}');
                    if finding is not null then return next; end if;
                end loop;
                perform pg_temp.act_in(null, null);
                if pg_temp.count_of(r.name) <> 0 then
                    finding := 'shows rows without an organization';
                    return next;
                end if;
            else
                finding := 'has no organization_id: say in walls.sql what of it an organization may see';
                return next;
            end case;
            continue;
        end if;

        perform pg_temp.act_in(null, null);
        if pg_temp.count_of(r.name) <> 0 then
            finding := 'shows rows without an organization';
            return next;
        end if;
        perform pg_temp.act_in(other, other_user);
        if pg_temp.count_of(r.name, format('organization_id = %L', other)) = 0 then
            finding := 'has no seeded row: add one to Tests/PolicyTests/Seeds/tenant.sql';
            return next;
            continue;
        end if;

        perform pg_temp.act_in(own, own_user);
        if pg_temp.count_of(r.name, format('organization_id is distinct from %L', own)) <> 0 then
            finding := 'shows foreign rows';
            return next;
        end if;
        foreach sample in array array[
            format('update %s set organization_id = organization_id where organization_id = %L', r.name, other),
            format('delete from %s where organization_id = %L', r.name, other)]
        loop
            finding := pg_temp.refused(sample, '{42501}', true);
            if finding is not null then return next; end if;
        end loop;

        -- Built-in roles come last: a trigger guards them before any policy is asked.
        sample := format('(select ctid from %s r order by to_jsonb(r) ->> ''builtin_key'' nulls first limit 1)', r.name);
        finding := pg_temp.refused(
            format('update %s set organization_id = %L where ctid = %s', r.name, other, sample), '{42501}');
        if finding is not null then return next; end if;
        select string_agg(quote_ident(a.attname), ', ' order by a.attnum),
            string_agg(format('(p.row).%I', a.attname), ', ' order by a.attnum)
        into columns, values_of
        from pg_attribute a
        where a.attrelid = r.name and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity = '';
        finding := pg_temp.refused(
            format(
                'insert into %1$s (%2$s) select %3$s from (select jsonb_populate_record(null::%1$s, to_jsonb(r) '
                    '|| jsonb_build_object(''organization_id'', %4$L, ''id'', app.uuid_v7())) as row '
                    'from %1$s r order by to_jsonb(r) ->> ''builtin_key'' nulls first limit 1) p',
                r.name, columns, values_of, other),
            '{42501}');
        if finding is not null then return next; end if;

        -- No own row can be made to point at a foreign one.
        for key in
            select k.confrelid::regclass as target, a.attname as pointer, f.attname as target_column
            from pg_constraint k
            join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[cardinality(k.conkey)]
            join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[cardinality(k.confkey)]
            where k.conrelid = r.name and k.contype = 'f' and cardinality(k.conkey) > 1 and f.atttypid = 'uuid'::regtype
                and has_table_privilege(r.name, 'update')
        loop
            perform pg_temp.act_in(other, other_user);
            execute format('select %I from %s limit 1', key.target_column, key.target) into foreign_id;
            perform pg_temp.act_in(own, own_user);
            finding := pg_temp.refused(
                format('update %s set %I = %L where ctid = %s', r.name, key.pointer, foreign_id, sample), '{23503,23514}');
            if finding is not null then return next; end if;
        end loop;
    end loop;
end
$$;
