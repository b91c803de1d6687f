import PostgresClient

/// How a database differs from the files.
package struct SchemaStatus: Sendable, Equatable {
    /// Migrations still to be applied, in order.
    package var pending: [String] = []
    /// Applied ones whose text has changed since.
    package var edited: [String] = []
    /// Applied ones without a file: the database is ahead of this program.
    package var unknown: [String] = []
    /// Policy files that are new, changed or gone.
    package var changedPolicies: [String] = []

    package var isCurrent: Bool { pending.isEmpty && edited.isEmpty && changedPolicies.isEmpty }

    init(files: SchemaFiles, migrations: [String: [UInt8]], policies: [String: [UInt8]]) {
        for file in files.migrations {
            switch migrations[file.name] {
            case nil: pending.append(file.name)
            case file.hash?: break
            default: edited.append(file.name)
            }
        }
        let names = Set(files.migrations.map(\.name))
        unknown = migrations.keys.filter { !names.contains($0) }.sorted()
        let wanted = Dictionary(uniqueKeysWithValues: files.policies.map { ($0.name, $0.hash) })
        changedPolicies = Set(wanted.keys).union(policies.keys).filter { wanted[$0] != policies[$0] }.sorted()
    }
}

/// The tables in which the migrator keeps its books. They belong to `rookery_owner`, under forced row-level security.
struct SchemaLedger {
    let console: PostgresConsole

    func exists() async throws -> Bool {
        try await console.query("select to_regclass('app.policy_hashes') is not null")
            .first { (row: inout RowReader) throws -> Bool in try row.next() } ?? false
    }

    func compare(with files: SchemaFiles) async throws -> SchemaStatus {
        guard try await exists() else { return SchemaStatus(files: files, migrations: [:], policies: [:]) }
        let needsUnlock = !(try await hasPolicy())
        try await console.run(script: "begin; set local role rookery_owner")
        if needsUnlock { try await console.run(script: Self.unlock) }
        do {
            let migrations = try await hashes("select name, content_hash from app.schema_migrations")
            let policies = try await hashes("select name, content_hash from app.policy_hashes")
            try await console.run(script: "rollback")
            return SchemaStatus(files: files, migrations: migrations, policies: policies)
        } catch {
            try? await console.run(script: "rollback")
            throw error
        }
    }

    /// Within the migration's transaction. The policies count as changed from here on, until they are applied: they have to
    /// cover what the migration made, also when this run gets no further.
    func record(_ files: [SchemaFiles.File]) async throws {
        let needsUnlock = !(try await hasPolicy())
        try await console.run(script: "set local role rookery_owner")
        if needsUnlock { try await console.run(script: Self.unlock) }
        for file in files {
            try await console.query(
                "insert into app.schema_migrations (name, content_hash) values (\(file.name), \(file.hash))")
        }
        try await console.query("delete from app.policy_hashes")
        if needsUnlock { try await console.run(script: Self.lock) }
        try await console.run(script: "reset role")
    }

    /// Within the policies' transaction.
    func recordPolicies(_ files: [SchemaFiles.File]) async throws {
        try await console.run(script: "set local role rookery_owner")
        try await console.query(
            "delete from app.policy_hashes where not name = any (\(files.map(\.name)))")
        for file in files {
            try await console.query(
                """
                insert into app.policy_hashes (name, content_hash) values (\(file.name), \(file.hash))
                on conflict (name) do update set content_hash = excluded.content_hash, applied_at = now()
                where policy_hashes.content_hash <> excluded.content_hash
                """)
        }
        try await console.run(script: "reset role")
    }

    /// Before the policies were applied for the first time even the owner sees nothing of its tables.
    private func hasPolicy() async throws -> Bool {
        try await console.query(
            "select exists (select from pg_catalog.pg_policy where polrelid = 'app.schema_migrations'::regclass)"
        )
        .first { (row: inout RowReader) throws -> Bool in try row.next() } ?? false
    }

    private static let unlock = """
        alter table app.schema_migrations no force row level security;
        alter table app.policy_hashes no force row level security
        """
    private static let lock = """
        alter table app.schema_migrations force row level security;
        alter table app.policy_hashes force row level security
        """

    private func hashes(_ sql: SQL) async throws -> [String: [UInt8]] {
        let rows = try await console.query(sql).map { (row: inout RowReader) throws -> (String, [UInt8]) in
            (try row.next(), try row.next())
        }
        return Dictionary(uniqueKeysWithValues: rows)
    }
}
