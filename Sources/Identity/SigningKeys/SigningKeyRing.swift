import Kernel
import Persistence
import PostgresClient
import Secrets
import Synchronization
import Tenancy

/// When keys for access tokens begin, stop signing and stop verifying.
package struct SigningKeySchedule: Sendable {
    /// How long a key signs.
    package var signingSpan: Duration
    /// How long before its first signature a key is published, so that every node and cache has it.
    package var lead: Duration
    /// How long a key verifies after its last signature: at least a token's lifetime.
    package var overlap: Duration

    package init(
        signingSpan: Duration = .seconds(30 * 86_400), lead: Duration = .seconds(86_400),
        overlap: Duration = .seconds(86_400)
    ) {
        self.signingSpan = signingSpan
        self.lead = lead
        self.overlap = overlap
    }
}

/// The keys that sign and verify access tokens (S9). They live in `signing_keys`, the private part sealed under the master
/// key; every node loads the same ones, and whoever finds the next one missing makes it.
package final class SigningKeyRing: Sendable {
    private struct State: Sendable {
        var signing: [StoredSigningKey] = []
        var signers: [String: AccessTokenSigner] = [:]
    }

    private let system: SystemDatabase
    private let keyring: SealingKeyring
    private let policy: AccessTokenPolicy
    private let schedule: SigningKeySchedule
    private let clock: any WallClock
    private let state = Mutex(State())
    /// Knows the public keys of the ring.
    package let verifier: AccessTokenVerifier

    package init(
        system: SystemDatabase, keyring: SealingKeyring, policy: AccessTokenPolicy,
        schedule: SigningKeySchedule = .init(),
        clock: any WallClock = SystemClock()
    ) {
        self.system = system
        self.keyring = keyring
        self.policy = policy
        self.schedule = schedule
        self.clock = clock
        verifier = AccessTokenVerifier(policy: policy, keys: [])
    }

    /// Loads the keys, makes those that are missing, forgets those that have expired. Called at start and every few minutes;
    /// safe on any number of nodes at once.
    package func refresh() async throws {
        let now = clock.now()
        let keys = try await system.withTransaction(.system("signing keys")) {
            (tx: borrowing SystemTransaction) async throws -> [StoredSigningKey] in
            let repository = SigningKeyRepository()
            try await repository.lock(tx)
            try await repository.deleteExpired(tx, at: now)
            var keys = try await repository.list(tx)
            for begin in self.missing(keys, now) {
                let key = try self.make(beginning: begin)
                try await repository.insert(tx, key)
                keys.append(key)
            }
            return keys
        }
        try install(keys)
    }

    /// Signs an access token with the key whose time it is.
    package func issue(
        subject: UserID, session: SessionID, organization: OrganizationID?, at now: Timestamp
    ) throws -> (token: String, expiresIn: Int) {
        let current = state.withLock { state -> AccessTokenSigner? in
            // The newest that has begun; before any has, the first: a clock that runs behind must not stop signing in.
            let begun = state.signing.last { $0.notBefore <= now && now < $0.retires }
            return (begun ?? state.signing.last { $0.notBefore <= now } ?? state.signing.first).flatMap {
                state.signers[$0.keyID]
            }
        }
        guard let current else { throw ServiceError(.unavailable, "The server has no signing key yet.", retryAfter: 1) }
        let issued = try current.issue(
            subject: subject.description, session: session.description, organization: organization?.description,
            tokenID: UserID.make().description, at: now.microseconds / 1_000_000)
        return (issued.token, Int(policy.lifetime))
    }

    /// When the keys still lacking must begin: one now when none signs, and the next one when it is time to publish it.
    private func missing(_ keys: [StoredSigningKey], _ now: Timestamp) -> [Timestamp] {
        var begins: [Timestamp] = []
        var lastRetires = keys.map(\.retires).max() ?? now
        if lastRetires <= now || !keys.contains(where: { $0.notBefore <= now && now < $0.retires }) {
            begins.append(now)
            lastRetires = now + schedule.signingSpan
        }
        if lastRetires - schedule.lead <= now { begins.append(lastRetires) }
        return begins
    }

    private func make(beginning begin: Timestamp) throws -> StoredSigningKey {
        let key = try SigningKey()
        let sealed = try keyring.seal(key.privatePEM(), for: Self.context(key.keyID), random: SystemRandom())
        let retires = begin + schedule.signingSpan
        return StoredSigningKey(
            keyID: key.keyID, publicKey: key.verification, privateSealed: sealed,
            keyVersion: Int32(clamping: keyring.current.version),
            notBefore: begin, retires: retires, expires: retires + schedule.overlap)
    }

    private func install(_ keys: [StoredSigningKey]) throws {
        let ordered = keys.sorted { $0.notBefore < $1.notBefore }
        let known = state.withLock { $0.signers }
        var signers: [String: AccessTokenSigner] = [:]
        for key in ordered {
            if let signer = known[key.keyID] {
                signers[key.keyID] = signer
                continue
            }
            let pem = try keyring.open(key.privateSealed, for: Self.context(key.keyID))
            signers[key.keyID] = AccessTokenSigner(policy: policy, key: try SigningKey(pem: pem))
        }
        let isSame = Set(known.keys) == Set(signers.keys)
        state.withLock { $0 = State(signing: ordered, signers: signers) }
        if !isSame { verifier.replaceKeys(ordered.map(\.publicKey)) }
    }

    private static func context(_ keyID: String) -> SealingContext {
        SealingContext(organization: "platform", table: "signing_keys", row: keyID)
    }
}

struct StoredSigningKey: Sendable {
    let keyID: String
    let publicKey: VerificationKey
    let privateSealed: [UInt8]
    let keyVersion: Int32
    let notBefore: Timestamp
    let retires: Timestamp
    let expires: Timestamp
}

struct SigningKeyRepository: Sendable {
    /// One node at a time makes keys.
    func lock(_ tx: borrowing SystemTransaction) async throws {
        try await tx.execute(
            "select pg_advisory_xact_lock(hashtextextended('app.signing_keys', 0)) /* signing_keys.lock */")
    }

    func deleteExpired(_ tx: borrowing SystemTransaction, at now: Timestamp) async throws {
        try await tx.execute(
            "delete from app.signing_keys where expires_at <= \(now) /* signing_keys.delete_expired */")
    }

    func list(_ tx: borrowing SystemTransaction) async throws -> [StoredSigningKey] {
        try await tx.all(
            """
            select kid, public_jwk, private_sealed, key_version, not_before_at, retire_at, expires_at
            from app.signing_keys order by not_before_at, kid /* signing_keys.list */
            """
        ) { (row: inout RowReader) throws -> StoredSigningKey in
            StoredSigningKey(
                keyID: try row.next(), publicKey: try VerificationKey(jsonWebKey: try row.next(PostgresJSON.self).text),
                privateSealed: try row.next(), keyVersion: try row.next(), notBefore: try row.next(),
                retires: try row.next(),
                expires: try row.next())
        }
    }

    func insert(_ tx: borrowing SystemTransaction, _ key: StoredSigningKey) async throws {
        try await tx.execute(
            """
            insert into app.signing_keys (
                kid, alg, public_jwk, private_sealed, key_version, not_before_at, retire_at, expires_at)
            values (
                \(key.keyID), 'ES256', \(PostgresJSON(key.publicKey.jsonWebKey)), \(key.privateSealed), \(key.keyVersion),
                \(key.notBefore), \(key.retires), \(key.expires)) /* signing_keys.insert */
            """)
    }
}
