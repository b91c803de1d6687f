import PostgresClient

/// Why the server refuses to start, and what to do about it.
package struct StartupRefusal: Error, Sendable, CustomStringConvertible {
    /// One sentence for each fault.
    package let reasons: [String]
    package var description: String { reasons.joined(separator: "\n") }
}

/// Looks, before anything is served, whether the walls between tenants stand.
package enum StartupCheck {
    /// Throws `StartupRefusal` when the role that `client` signed in as could see past row-level security.
    package static func verifyRole(of client: PostgresClient) async throws {
        let found = try await client.execute(
            """
            select current_user::text, r.rolsuper, r.rolbypassrls, r.rolcreaterole, (
                select string_agg(n.nspname || '.' || c.relname, ', ' order by c.relname)
                from pg_catalog.pg_class c
                join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                where n.nspname in ('app', 'auth') and c.relkind in ('r', 'p', 'v', 'm')
                    and pg_catalog.pg_has_role(c.relowner, 'member'))
            from pg_catalog.pg_roles r
            where r.rolname = current_user /* startup.role */
            """
        ).first { (row: inout RowReader) throws -> RoleRights in try RoleRights(from: &row) }
        guard let found else {
            throw StartupRefusal(reasons: ["The role that the server signed in as cannot be examined."])
        }
        let reasons = found.dangers
        if !reasons.isEmpty { throw StartupRefusal(reasons: reasons) }
    }

    /// Throws `StartupRefusal` when the database is behind the files, or was changed under them.
    /// - Parameter client: signed in as `rookery_system`, which may read the migrator's books.
    package static func verifySchema(of client: PostgresClient, against files: SchemaFiles) async throws {
        let isThere = try await client.execute("select to_regclass('app.policy_hashes') is not null")
            .first { (row: inout RowReader) throws -> Bool in try row.next() }
        guard isThere == true else {
            throw StartupRefusal(reasons: ["The database is empty. Run `rookery migrate`."])
        }
        let tables = try await client.execute([
            "select name, content_hash from app.schema_migrations", "select name, content_hash from app.policy_hashes",
        ])
        let hashes = try tables.map { table in
            Dictionary(
                uniqueKeysWithValues: try table.map { (row: inout RowReader) throws -> (String, [UInt8]) in
                    (try row.next(), try row.next())
                })
        }
        let status = SchemaStatus(files: files, migrations: hashes[0], policies: hashes[1])
        var reasons: [String] = []
        if !status.pending.isEmpty {
            reasons.append(
                "Migrations are pending: \(shortened(status.pending.joined(separator: ", "))). Run `rookery migrate`.")
        }
        if !status.edited.isEmpty {
            reasons.append(
                "Applied migrations were edited: \(shortened(status.edited.joined(separator: ", "))). Put their text back."
            )
        }
        if status.pending.isEmpty, status.unknown.isEmpty, !status.changedPolicies.isEmpty {
            reasons.append(
                "Policies differ: \(shortened(status.changedPolicies.joined(separator: ", "))). Run `rookery migrate`.")
        }
        if !reasons.isEmpty { throw StartupRefusal(reasons: reasons) }
    }

    fileprivate static func shortened(_ list: String) -> String {
        list.count > 300 ? "\(list.prefix(300))…" : list
    }
}

/// What a role could do beyond the grants of its policies.
struct RoleRights: RowDecodable {
    var role: String
    var isSuperuser = false
    var bypassesRowSecurity = false
    var createsRoles = false
    /// Tables that it owns, or whose owner it could become.
    var ownedTables: String?

    init(role: String) { self.role = role }

    init(from row: inout RowReader) throws {
        role = try row.next()
        isSuperuser = try row.next()
        bypassesRowSecurity = try row.next()
        createsRoles = try row.next()
        ownedTables = try row.next()
    }

    /// One sentence for each way around the walls, with what to do about it.
    var dangers: [String] {
        let remedy =
            "Let the server sign in as rookery_api, rookery_ingest and rookery_system; `rookery migrate` makes them and "
            + "sets their passwords."
        if isSuperuser {
            return ["The role \(role) is a superuser, to whom row-level security does not apply. \(remedy)"]
        }
        var dangers: [String] = []
        if let ownedTables {
            dangers.append(
                "The role \(role) owns tables, or is a member of their owner (\(StartupCheck.shortened(ownedTables))), and "
                    + "could switch row-level security off. \(remedy)")
        }
        if bypassesRowSecurity {
            dangers.append("The role \(role) has BYPASSRLS. Run `ALTER ROLE \(role) NOBYPASSRLS`. \(remedy)")
        }
        if createsRoles {
            dangers.append("The role \(role) has CREATEROLE, and could make itself a member of any other. \(remedy)")
        }
        return dangers
    }
}
