import Foundation
import PostgresClient
import Testing

@Suite("What may be asked before an organization is known")
struct SignInTests {
    private struct Rotation: Equatable {
        var outcome: String
        var successor: [UInt8]?
    }

    private static func rotate(
        _ presented: String, to next: String, grace: Int32, _ console: PostgresConsole
    ) async throws -> Rotation? {
        try await console.query(
            """
            select outcome, successor_sealed from auth.rotate_refresh(
                sha256(\(Array(presented.utf8))), sha256(\(Array(next.utf8))), \(Array(next.utf8)),
                now() + interval '1 day', \(grace))
            """
        ).first { (row: inout RowReader) throws(PostgresError) -> Rotation in
            Rotation(outcome: try row.next(), successor: try row.next())
        }
    }

    @Test("a refresh token works once; within the grace its successor is answered again; later its session ends")
    func rotation() async throws {
        try await withPolicyDatabase { database in
            _ = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            let successor = Array("b".utf8)
            var rotation = try await Self.rotate("own", to: "b", grace: 10, api)
            #expect(rotation == Rotation(outcome: "rotated", successor: successor))
            rotation = try await Self.rotate("own", to: "c", grace: 10, api)
            #expect(rotation == Rotation(outcome: "replayed", successor: successor))
            #expect(try await Self.rotate("own", to: "c", grace: -1, api)?.outcome == "reused")
            #expect(try await Self.rotate("b", to: "c", grace: 10, api)?.outcome == "revoked")
            #expect(try await Self.rotate("nobody's", to: "c", grace: 10, api)?.outcome == "unknown")
            #expect(try await Self.rotate("foreign", to: "d", grace: 10, api)?.outcome == "rotated")
        }
    }

    @Test("of many refreshes at once one rotates and the others get the same successor")
    func parallelRotation() async throws {
        try await withPolicyDatabase { database in
            _ = try await TwoOrganizations.seed(database)
            let outcomes = await withTaskGroup(of: Rotation?.self) { group in
                for n in 1...12 {
                    group.addTask {
                        guard let console = try? await database.console(as: .api) else { return nil }
                        defer { console.close() }
                        return try? await Self.rotate("own", to: "successor \(n)", grace: 10, console)
                    }
                }
                return await group.reduce(into: [Rotation?]()) { $0.append($1) }
            }
            let kinds: [String?] = outcomes.map { $0?.outcome }
            let expectedKinds: [String?] = ["rotated"] + Array(repeating: "replayed", count: 11)
            #expect(kinds.sorted { ($0 ?? "") > ($1 ?? "") } == expectedKinds)
            let successors = outcomes.map { $0?.successor }
            #expect(successors.dropFirst().allSatisfy { $0 == successors.first })
        }
    }

    @Test("a session acts in its person's organization and below it, nowhere else, and not after its end")
    func acting() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            defer {
                api.close()
                system.close()
            }
            let child = try await system.uuid(
                "select app.organization_create(null, \(two.own.id), 'customer', 'Child', 'child', 'free')")
            func depth(_ organization: UUID) async throws -> Int? {
                try await api.query("select depth from auth.may_act_in(\(two.own.sessionID), \(organization))")
                    .first { (row: inout RowReader) throws(PostgresError) -> Int in try row.next() }
            }
            #expect(try await depth(two.own.id) == 0)
            #expect(try await depth(child) == 1)
            #expect(try await depth(two.foreign.id) == nil)
            #expect(
                try await api.integer(
                    """
                    select cardinality(permissions) from auth.may_act_in(\(two.own.sessionID), \(two.own.id))
                    where 'devices:write' = any (permissions)
                    """) > 20)
            #expect(
                try await api.strings(
                    "select organization_slug from auth.memberships_of_session(\(two.own.sessionID))") == ["own"])

            try await system.query("update app.organizations set status = 'suspended' where id = \(two.own.id)")
            #expect(try await depth(child) == nil)
            try await system.query("update app.organizations set status = 'active' where id = \(two.own.id)")
            try await api.query("select auth.end_session_by(\(two.own.sessionID), \(two.own.sessionID))")
            #expect(try await depth(two.own.id) == nil)
            #expect(
                try await api.strings(
                    "select organization_slug from auth.memberships_of_session(\(two.own.sessionID))"
                ).isEmpty)
        }
    }

    @Test("nobody signs in to an organization without an active membership, or as a locked person")
    func login() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            let system = try await database.console(as: .system)
            defer {
                api.close()
                system.close()
            }
            func signsIn(_ user: UUID, _ organization: UUID?) async throws -> Bool {
                try await api.query(
                    """
                    select auth.record_login(\(user), \(organization), \(UUID()), 'password', null, 'test',
                        now() + interval '1 day', \(Array(UUID().uuidString.utf8)), '{}') is not null
                    """
                ).first { (row: inout RowReader) throws(PostgresError) -> Bool in try row.next() } ?? false
            }
            #expect(try await signsIn(two.own.userID, two.own.id))
            #expect(try await signsIn(two.own.userID, nil))
            #expect(try await signsIn(UUID(), nil) == false)
            #expect(try await signsIn(two.own.userID, two.foreign.id) == false)
            #expect(try await signsIn(UUID(), two.own.id) == false)
            try await api.run(script: two.own.begin + "update app.memberships set status = 'disabled'; commit;")
            #expect(try await signsIn(two.own.userID, two.own.id) == false)
            try await system.query("update app.users set status = 'locked' where id = \(two.foreign.userID)")
            #expect(try await signsIn(two.foreign.userID, two.foreign.id) == false)
            // A locked person's refresh token is of no use either.
            #expect(try await Self.rotate("foreign", to: "x", grace: 10, api)?.outcome == "revoked")
        }
    }

    @Test("failures lock a bucket after its own allowed number, longer each time, and a sign-in forgets them")
    func throttle() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            func fail() async throws -> Int {
                try await api.integer(
                    """
                    select coalesce(extract(
                        epoch from auth.record_failure(array['\\x01', '\\x02']::bytea[], '{3,100}', 900, 60) - now()), 0)::int
                    """)
            }
            #expect(try await fail() == 0)
            #expect(try await fail() == 0)
            #expect(try await fail() == 60)
            #expect(try await fail() == 120)
            #expect(try await api.integer("select count(auth.login_locked_until(array['\\x01']::bytea[]))::int") == 1)
            #expect(try await api.integer("select count(auth.login_locked_until(array['\\x02']::bytea[]))::int") == 0)
            try await api.query(
                """
                select auth.record_login(\(two.own.userID), \(two.own.id), \(UUID()), 'password', null, 'test',
                    now() + interval '1 day', '\\x99', array['\\x01', '\\x02']::bytea[])
                """)
            #expect(try await api.integer("select count(auth.login_locked_until(array['\\x01']::bytea[]))::int") == 0)
        }
    }

    @Test("a credential leads to its organization until it is revoked, replaced or deleted")
    func credentials() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            func resolves(_ kind: String, _ secret: String) async throws -> Bool {
                try await api.query(
                    """
                    select organization_id from auth.resolve(\(kind), sha256(\(Array(secret.utf8))))
                    where organization_id = \(two.own.id) and tier_name = 'pro'
                    """
                ).count == 1
            }
            try await api.run(
                script: two.own.begin + """
                    insert into app.device_credentials (organization_id, device_id, kind, secret_hash)
                    select organization_id, id, 'token', sha256('first') from app.devices;
                    update app.api_keys set secret_hash = sha256('key');
                    commit;
                    """)
            #expect(try await resolves("device_token", "first"))
            #expect(try await resolves("api_key", "first") == false)
            #expect(try await resolves("api_key", "key"))
            try await api.run(
                script: two.own.begin + """
                    update app.device_credentials set secret_hash = sha256('second') where secret_hash = sha256('first');
                    commit;
                    """)
            #expect(try await resolves("device_token", "first") == false)
            #expect(try await resolves("device_token", "second"))
            try await api.run(
                script: two.own.begin + """
                    update app.device_credentials set revoked_at = now() where secret_hash = sha256('second');
                    delete from app.api_keys;
                    commit;
                    """)
            #expect(try await resolves("device_token", "second") == false)
            #expect(try await resolves("api_key", "key") == false)
        }
    }

    @Test("built-in roles are read-only, and nobody makes one")
    func builtinRoles() async throws {
        try await withPolicyDatabase { database in
            let two = try await TwoOrganizations.seed(database)
            let api = try await database.console(as: .api)
            defer { api.close() }
            for statement in [
                "update app.roles set permissions = '{}' where builtin_key = 'viewer'",
                "delete from app.roles where builtin_key = 'billing'",
                "update app.roles set builtin_key = 'viewer' where name = 'Auditor'",
                "insert into app.roles (organization_id, name, builtin_key) values (app.organization_id(), 'x', 'viewer')",
            ] {
                #expect(await api.fault(of: two.own.begin + statement)?.sqlState == "RK006", "\(statement)")
            }
        }
    }
}
