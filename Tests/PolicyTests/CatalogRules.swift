import PostgresClient

extension CatalogRule {
    static let all: [CatalogRule] = tables + keys + policies + functions + roles

    private static let tables: [CatalogRule] = [
        CatalogRule(
            name: "forced_security",
            advice: "add `alter table … enable row level security, force row level security`",
            broken: """
                select format('%I.%I', n.nspname, c.relname)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('app', 'auth') and c.relkind in ('r', 'p')
                    and not (c.relrowsecurity and c.relforcerowsecurity)
                """),
        CatalogRule(
            name: "owner",
            advice: "begin the migration with `set local role rookery_owner`",
            broken: """
                select format('%I.%I', n.nspname, c.relname)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('app', 'auth') and c.relkind <> 'c' and c.relowner <> 'rookery_owner'::regrole
                """),
        CatalogRule(
            name: "primary_key",
            advice: "a tenant table's primary key begins with organization_id",
            broken: """
                select format('%I.%I', n.nspname, c.relname)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('app', 'auth') and c.relkind in ('r', 'p') and not c.relispartition
                    and not exists (
                        select from pg_constraint k join pg_attribute a on a.attrelid = c.oid and a.attnum = k.conkey[1]
                        where k.conrelid = c.oid and k.contype = 'p' and a.attname = 'organization_id')
                """),
        CatalogRule(
            name: "nullable_organization",
            advice: "organization_id is not null",
            broken: """
                select format('%I.%I', n.nspname, c.relname)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
                where n.nspname in ('app', 'auth') and c.relkind in ('r', 'p') and not a.attnotnull
                """),
        CatalogRule(
            name: "version_trigger",
            advice: "a table with a version has the trigger app.touch",
            broken: """
                select format('app.%I', c.relname)
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'version' and not a.attisdropped
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                    and not exists (
                        select from pg_trigger t where t.tgrelid = c.oid and t.tgfoid = 'app.touch'::regproc)
                """),
        CatalogRule(
            name: "column_type",
            advice:
                "enum and numeric columns are no filters under RLS: text with a CHECK, or float8",
            broken: """
                select format('app.%I.%I', c.relname, a.attname)
                from pg_class c
                join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                join pg_type t on t.oid = a.atttypid
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                    and (t.typtype = 'e' or a.atttypid = 'numeric'::regtype)
                """),
        CatalogRule(
            name: "leaf",
            advice: "a partition has no policy, no grant, and is reached through its parent alone",
            broken: """
                select format('app.%I', c.relname)
                from pg_class c
                where c.relnamespace = 'app'::regnamespace and c.relispartition and c.relkind = 'r'
                    and (exists (select from pg_policy p where p.polrelid = c.oid)
                        or exists (select from aclexplode(c.relacl) g where g.grantee <> c.relowner)
                        or exists (
                            select from pg_attribute a cross join aclexplode(a.attacl) g
                            where a.attrelid = c.oid and g.grantee <> c.relowner))
                """),
        CatalogRule(
            name: "default_leaf",
            advice: "no DEFAULT partition: it would have to be scanned for every new leaf",
            broken: """
                select format('%s', p.partrelid::regclass) from pg_partitioned_table p where p.partdefid <> 0
                """),
        CatalogRule(
            name: "view",
            advice: "create the view `with (security_invoker = true)`; a materialized view has no RLS at all",
            broken: """
                select format('%I.%I', n.nspname, c.relname)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('app', 'auth')
                    and (c.relkind = 'm'
                        or c.relkind = 'v' and not coalesce(c.reloptions @> '{security_invoker=true}', false))
                """),
    ]

    private static let keys: [CatalogRule] = [
        CatalogRule(
            name: "unique_index",
            advice: "a unique begins with organization_id, or it tells what other organizations have",
            broken: """
                select format('app.%I', x.relname)
                from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
                where c.relnamespace = 'app'::regnamespace and not c.relispartition and i.indisunique and not i.indisprimary
                    and not exists (
                        select from pg_attribute a
                        where a.attrelid = c.oid and a.attnum = i.indkey[0] and a.attname = 'organization_id')
                """),
        CatalogRule(
            name: "null_in_unique",
            advice: "a null parent admits duplicates: `unique nulls not distinct`, or `where … is not null`",
            broken: """
                select format('app.%I', x.relname)
                from pg_index i join pg_class c on c.oid = i.indrelid join pg_class x on x.oid = i.indexrelid
                where c.relnamespace = 'app'::regnamespace and not c.relispartition and i.indisunique
                    and i.indpred is null and not i.indnullsnotdistinct
                    and exists (
                        select from pg_attribute a
                        where a.attrelid = c.oid and a.attnum = any (i.indkey) and not a.attnotnull)
                """),
        CatalogRule(
            name: "foreign_key",
            advice: "reference (organization_id, id), so that a row cannot point into another organization",
            broken: """
                select format('app.%I.%I', c.relname, k.conname)
                from pg_constraint k join pg_class c on c.oid = k.conrelid
                join pg_attribute a on a.attrelid = k.conrelid and a.attnum = k.conkey[1]
                join pg_attribute f on f.attrelid = k.confrelid and f.attnum = k.confkey[1]
                where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = 'app'::regnamespace
                    and not (a.attname = 'organization_id' and f.attname = 'organization_id')
                    and not (a.attname = 'organization_id' and k.confrelid = 'app.organizations'::regclass
                        and cardinality(k.conkey) = 1)
                """),
        CatalogRule(
            name: "foreign_key_index",
            advice: "index the columns of the foreign key, or every delete reads the whole table",
            broken: """
                select format('app.%I.%I', c.relname, k.conname)
                from pg_constraint k join pg_class c on c.oid = k.conrelid
                where k.contype = 'f' and k.conparentid = 0 and c.relnamespace = 'app'::regnamespace
                    and not exists (
                        select from pg_index i
                        cross join lateral (select string_to_array(i.indkey::text, ' ')::smallint[] as columns) x
                        where i.indrelid = k.conrelid and (
                            x.columns[1:cardinality(k.conkey)] @> k.conkey
                            or i.indisunique and i.indpred is null and k.conkey @> x.columns))
                """),
        CatalogRule(
            name: "set_null_columns",
            advice: "`on delete set null (column)`: without the list organization_id would be nulled",
            broken: """
                select format('app.%I.%I', c.relname, k.conname)
                from pg_constraint k join pg_class c on c.oid = k.conrelid
                where k.contype = 'f' and c.relnamespace = 'app'::regnamespace and k.confdeltype in ('n', 'd')
                    and cardinality(k.conkey) > 1 and k.confdelsetcols is null
                """),
    ]

    private static let policies: [CatalogRule] = [
        CatalogRule(
            name: "policy",
            advice: "app.policy_declare_tenant makes the canonical policy of a tenant table",
            broken: """
                select format('app.%I.%I', c.relname, p.polname)
                from pg_policy p join pg_class c on c.oid = p.polrelid
                cross join lateral (
                    select array_agg(r.rolname::text) as names from pg_roles r where r.oid = any (p.polroles)) role
                where not (
                        role.names = '{rookery_api}' and p.polcmd = '*' and p.polpermissive
                        and pg_get_expr(p.polqual, p.polrelid)
                            = '(organization_id = ( SELECT app.organization_id() AS organization_id))'
                        and pg_get_expr(p.polwithcheck, p.polrelid) = pg_get_expr(p.polqual, p.polrelid))
                    and not (
                        role.names <@ '{rookery_lookup,rookery_guard,rookery_writer,rookery_system}'
                        and cardinality(role.names) = 1 and role.names[1] = 'rookery_' || p.polname
                        and p.polcmd = '*' and p.polpermissive
                        and pg_get_expr(p.polqual, p.polrelid) = 'true'
                        and pg_get_expr(p.polwithcheck, p.polrelid) = 'true')
                """),
        CatalogRule(
            name: "policy_missing",
            advice: "list the table in policies/ with its class",
            broken: """
                select format('app.%I', c.relname)
                from pg_class c
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                    and not exists (select from pg_policy p where p.polrelid = c.oid)
                """),
        CatalogRule(
            name: "policy_without_grant",
            advice: "a role has a policy on a table that it is granted nothing on: drop one or grant the other",
            broken: """
                select format('app.%I %s', c.relname, r.rolname)
                from pg_policy p join pg_class c on c.oid = p.polrelid join pg_roles r on r.oid = any (p.polroles)
                where r.rolname <> 'rookery_owner'
                    and not exists (select from aclexplode(c.relacl) g where g.grantee = r.oid)
                    and not exists (
                        select from pg_attribute a cross join aclexplode(a.attacl) g
                        where a.attrelid = c.oid and g.grantee = r.oid)
                """),
        CatalogRule(
            name: "grant",
            advice: "nobody is granted TRUNCATE, REFERENCES or TRIGGER, and nothing is granted to PUBLIC",
            broken: """
                select distinct format('%I.%I %s', n.nspname, c.relname, g.privilege_type)
                from pg_class c join pg_namespace n on n.oid = c.relnamespace cross join aclexplode(c.relacl) g
                where n.nspname in ('app', 'auth') and g.grantee <> c.relowner
                    and (g.grantee = 0 or g.privilege_type in ('TRUNCATE', 'REFERENCES', 'TRIGGER'))
                """),
    ]

    private static let functions: [CatalogRule] = [
        CatalogRule(
            name: "definer",
            advice: "a security definer function has `set search_path = pg_catalog` and an owner who cannot log in",
            broken: """
                select format('%s', p.oid::regprocedure)
                from pg_proc p join pg_roles r on r.oid = p.proowner
                where p.pronamespace in ('app'::regnamespace, 'auth'::regnamespace) and p.prosecdef
                    and (r.rolcanlogin or r.rolname not like 'rookery\\_%'
                        or not coalesce('search_path=pg_catalog' = any (p.proconfig), false))
                """),
        CatalogRule(
            name: "public_function",
            advice: "revoke execute from public; a function of app or auth is granted by name",
            broken: """
                select format('%s', p.oid::regprocedure)
                from pg_proc p cross join aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) g
                where p.pronamespace in ('app'::regnamespace, 'auth'::regnamespace) and g.grantee = 0
                """),
        CatalogRule(
            name: "ingest_function",
            advice: "rookery_ingest executes functions named app.ingest and nothing else",
            broken: """
                select format('%s', p.oid::regprocedure)
                from pg_proc p
                where p.pronamespace in ('app'::regnamespace, 'auth'::regnamespace) and p.proname not like 'ingest%'
                    and has_function_privilege('rookery_ingest', p.oid, 'execute')
                """),
        CatalogRule(
            name: "auth_function",
            advice: "what is in auth is a security definer function that rookery_api alone executes",
            broken: """
                select format('%s', p.oid::regprocedure)
                from pg_proc p
                where p.pronamespace = 'auth'::regnamespace and (
                    not p.prosecdef
                    or exists (
                        select from aclexplode(p.proacl) g
                        where g.grantee not in (p.proowner, 'rookery_api'::regrole)))
                """),
    ]

    private static let roles: [CatalogRule] = [
        CatalogRule(
            name: "role_attribute",
            advice: "no role of the platform is a superuser, bypasses RLS, or makes roles or databases",
            broken: """
                select rolname::text from pg_roles
                where rolname in ('rookery_owner', 'rookery_api', 'rookery_ingest', 'rookery_system', 'rookery_lookup',
                        'rookery_guard', 'rookery_writer')
                    and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication
                        or rolcanlogin <> (rolname in ('rookery_api', 'rookery_ingest', 'rookery_system')))
                """),
        CatalogRule(
            name: "role_membership",
            advice: "no role of the platform is a member of another",
            broken: """
                select format('%s in %s', member.rolname, r.rolname)
                from pg_auth_members m join pg_roles member on member.oid = m.member join pg_roles r on r.oid = m.roleid
                where member.rolname in ('rookery_owner', 'rookery_api', 'rookery_ingest', 'rookery_system',
                    'rookery_lookup', 'rookery_guard', 'rookery_writer')
                """),
        CatalogRule(
            name: "schema_create",
            advice: "only rookery_owner makes objects in app and auth, and nobody in public",
            broken: """
                select format('%I %s', n.nspname, coalesce(r.rolname, 'public'))
                from pg_namespace n
                cross join aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) g
                left join pg_roles r on r.oid = g.grantee
                where g.privilege_type = 'CREATE' and g.grantee <> n.nspowner and n.nspname in ('app', 'auth', 'public')
                """),
        CatalogRule(
            name: "ingest_table",
            advice: "rookery_ingest has no right on any relation",
            broken: """
                select format('app.%I', c.relname)
                from pg_class c
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
                    and exists (select from aclexplode(c.relacl) g where g.grantee = 'rookery_ingest'::regrole)
                """),
        CatalogRule(
            name: "system_table",
            advice: "rookery_system does the platform's work without tenants' rows; list what it counts or cleans",
            broken: """
                select format('app.%I', c.relname)
                from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
                    and has_any_column_privilege('rookery_system', c.oid, 'select')
                """),
        CatalogRule(
            name: "secret_column",
            advice: "a password hash, sealed secret or outbox payload is not granted to a role that has no use for it",
            broken: """
                select format('%s app.%I.%I', r.rolname, c.relname, a.attname)
                from pg_roles r, pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
                where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
                    and has_column_privilege(r.oid, c.oid, a.attnum, 'select')
                    and (r.rolname = 'rookery_api' and a.attname in ('password_hash', 'private_sealed', 'successor_sealed')
                        or r.rolname = 'rookery_system' and a.attname in ('payload', 'answer', 'successor_sealed')
                        or r.rolname = 'rookery_lookup' and a.attname in ('private_sealed', 'secret_hash'))
                """),
    ]
}
