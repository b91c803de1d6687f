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
