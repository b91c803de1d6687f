-- Closes what 00_begin.sql opened. Leaves for the first days are made here, so that a fresh database takes data at once.
revoke create on schema app from rookery_lookup, rookery_guard, rookery_writer;
revoke create on schema auth from rookery_lookup, rookery_guard;

do $$
declare
    open_function regprocedure;
begin
    for open_function in
        select p.oid::regprocedure
        from pg_proc p
        where p.pronamespace in ('app'::regnamespace, 'auth'::regnamespace)
            and exists (
                select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                where a.grantee = 0 and a.privilege_type = 'EXECUTE')
    loop
        execute format('revoke execute on function %s from public', open_function);
    end loop;
end
$$;

select app.ensure_partitions();
