import Kernel
import Persistence
import PostgresClient
import Secrets
import Synchronization
import Tenancy
import TestStorage
import Testing

@testable import Identity

@Suite struct SigningKeyTests {
    private static let schedule = SigningKeySchedule(
        signingSpan: .seconds(30 * 86_400), lead: .seconds(86_400), overlap: .seconds(86_400))

    @Test("keys are made at first start, the next one is published a day ahead, the last one verifies a day longer")
    func rotation() async throws {
        try await TestDatabase.with { database in
            let databases = try database.databases()
            let clock = HandClock(Timestamp.now())
            let keyring = SealingKeyring(current: try SealingKey(generating: 1, from: SystemRandom()))
            let ring = try Self.ring(databases, keyring, clock)
            #expect(throws: ServiceError.self) { try Self.token(ring, clock) }
            try await ring.refresh()
            let first = try Self.token(ring, clock)
            #expect(try Self.published(ring) == 1)

            clock.advance(.seconds(29 * 86_400))
            try await ring.refresh()
            #expect(try Self.published(ring) == 2)
            let stillFirst = try Self.token(ring, clock)
            #expect(try Self.keyID(of: stillFirst) == Self.keyID(of: first))

            clock.advance(.seconds(86_400 + 1))
            try await ring.refresh()
            let second = try Self.token(ring, clock)
            #expect(try Self.keyID(of: second) != Self.keyID(of: first))
            #expect(try Self.published(ring) == 2)

            clock.advance(.seconds(86_400))
            try await ring.refresh()
            #expect(try Self.published(ring) == 1)
            await databases.shutdown()
        }
    }

    @Test("every node has the same keys, whoever made them, and none made twice by ten starts at once")
    func shared() async throws {
        try await TestDatabase.with { database in
            let databases = try database.databases()
            let clock = HandClock(Timestamp.now())
            let keyring = SealingKeyring(current: try SealingKey(generating: 1, from: SystemRandom()))
            let rings = try (0..<10).map { _ in try Self.ring(databases, keyring, clock) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for ring in rings { group.addTask { try await ring.refresh() } }
                try await group.waitForAll()
            }
            #expect(Set(rings.map(\.verifier.jsonWebKeySet)).count == 1)
            #expect(try Self.published(rings[0]) == 1)
            let token = try Self.token(rings[0], clock)
            for ring in rings { _ = try ring.verifier.verify(token, at: clock.now().microseconds / 1_000_000) }
            await databases.shutdown()
        }
    }

    @Test("private keys are stored sealed and open only under the master key")
    func sealed() async throws {
        try await TestDatabase.with { database in
            let databases = try database.databases()
            let clock = HandClock(Timestamp.now())
            let ring = try Self.ring(
                databases, SealingKeyring(current: SealingKey(generating: 1, from: SystemRandom())), clock)
            try await ring.refresh()
            let stored = try await databases.system.withTransaction(.system("tests"), .readOnly) {
                (tx: borrowing SystemTransaction) async throws -> [UInt8]? in
                try await tx.first("select private_sealed from app.signing_keys") {
                    (row: inout RowReader) throws -> [UInt8] in try row.next()
                }
            }
            #expect(!String(decoding: try #require(stored), as: UTF8.self).contains("PRIVATE"))
            #expect(!ring.verifier.jsonWebKeySet.contains("\"d\""))
            let stranger = try Self.ring(
                databases, SealingKeyring(current: SealingKey(generating: 1, from: SystemRandom())), clock)
            await #expect(throws: SecretsError.notAuthentic) { try await stranger.refresh() }
            await databases.shutdown()
        }
    }

    private static func ring(_ databases: Databases, _ keyring: SealingKeyring, _ clock: HandClock) throws
        -> SigningKeyRing
    {
        SigningKeyRing(
            system: databases.system, keyring: keyring,
            policy: try AccessTokenPolicy(issuer: "https://rookery.test", audience: "rookery"), schedule: schedule,
            clock: clock)
    }

    private static func token(_ ring: SigningKeyRing, _ clock: HandClock) throws -> String {
        try ring.issue(subject: .make(), session: .make(), organization: nil, at: clock.now()).token
    }

    private static func published(_ ring: SigningKeyRing) throws -> Int {
        ring.verifier.jsonWebKeySet.split(separator: "\"kid\"").count - 1
    }

    private static func keyID(of token: String) throws -> String {
        let header = try #require(token.split(separator: ".").first)
        return String(decoding: try #require(Base64URL.decode(Array(header.utf8))), as: UTF8.self)
    }
}

private final class HandClock: WallClock {
    private let time: Mutex<Timestamp>
    init(_ start: Timestamp) { time = Mutex(start) }
    func now() -> Timestamp { time.withLock { $0 } }
    func advance(_ span: Duration) { time.withLock { $0 = $0 + span } }
}
