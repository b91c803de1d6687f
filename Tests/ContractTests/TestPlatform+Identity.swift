import Foundation
import Kernel
import Logging
import Persistence
import PostgresClient
import TestStorage
import TestSupport
import Testing

/// Asks again until it holds, at most five seconds: what a revocation may take (S22).
func eventually(_ location: SourceLocation = #_sourceLocation, _ holds: () async throws -> Bool) async throws {
    let clock = ContinuousClock()
    let deadline = clock.now + .seconds(5)
    while clock.now < deadline {
        if try await holds() { return }
        try await clock.sleep(for: .milliseconds(20))
    }
    Issue.record("it does not hold after five seconds", sourceLocation: location)
}

extension TestPlatform {
    /// Moves what a session's refresh tokens went through into the past.
    func age(refreshTokensOf session: String, seconds: Int) async throws {
        let console = try await PostgresConsole.open(database.configuration, logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(
            script: """
                begin;
                set local role rookery_guard;
                update app.refresh_tokens set used_at = used_at - make_interval(secs => \(seconds))
                where session_id = '\(session)';
                commit
                """)
    }

    /// Moves into the past when a device was last heard.
    func age(presenceOf device: String, seconds: Int) async throws {
        let console = try await PostgresConsole.open(database.configuration, logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(
            script: """
                begin;
                set local role rookery_writer;
                update app.device_presence set seen_at = seen_at - make_interval(secs => \(seconds))
                where device_id = '\(device)';
                commit
                """)
    }

    /// Stands for an organization whose devices have sent ever other sets of datapoints.
    func makeKeysets(_ count: Int, in organization: String) async throws {
        let console = try await PostgresConsole.open(database.configuration, logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(
            script: """
                begin;
                set local role rookery_writer;
                insert into app.telemetry_keysets (organization_id, key_nos, keys_hash)
                select '\(organization)', array[n, n + 1]::smallint[], sha256(('set ' || n)::bytea) from generate_series(1, \(count)) n;
                commit
                """)
    }

    func keysets(of organization: String) async throws -> Int {
        let console = try await PostgresConsole.open(database.configuration, logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(script: "begin; set local role rookery_writer")
        let count = try await console.query(
            "select count(*) from app.telemetry_keysets where organization_id = \(OrganizationID(organization))"
        ).first { (row: inout RowReader) throws -> Int in try row.next() }
        try await console.run(script: "rollback")
        return count ?? 0
    }

    /// What the platform's own audit trail says of an address, the oldest first: action, actor and, of a refusal, the reason.
    func platformTrail(of address: String) async throws -> [(action: String, actor: String, reason: String?)] {
        let console = try await PostgresConsole.open(database.configuration, logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(script: "begin; set local role rookery_guard")
        let found = try await console.query(
            """
            select a.action_key, a.actor_kind || ' ' || a.actor_label, a.changes #>> '{reason,new}'
            from app.audit_entries a join app.organizations o on o.id = a.organization_id and o.kind = 'platform'
            where host(a.ip) = \(address) order by a.audit_seq
            """
        ).map { (row: inout RowReader) throws -> (action: String, actor: String, reason: String?) in
            (action: try row.next(), actor: try row.next(), reason: try row.next())
        }
        try await console.run(script: "rollback")
        return found
    }

    /// The tables of an organization with a row whose text contains `needle`.
    func tablesHolding(_ needle: String, in organization: String) async throws -> [String] {
        let console = try await PostgresConsole.open(
            database.configuration.signedIn(as: "rookery_api", password: TestDatabase.rolePassword),
            logger: Logger(label: "test"))
        defer { console.close() }
        try await console.run(script: "begin; select set_config('app.organization_id', '\(organization)', true)")
        let tables = try await console.query(
            """
            select c.relname::text from pg_class c
            where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
                and has_table_privilege(c.oid, 'select')
                and (xpath('/row/n/text()', query_to_xml(
                    format('select count(*) as n from app.%I t where position(%L in t::text) > 0', c.relname, \(needle)),
                    false, true, '')))[1]::text::int > 0
            order by 1
            """
        ).map { (row: inout RowReader) throws -> String in try row.next() }
        try await console.run(script: "rollback")
        return tables
    }
}
