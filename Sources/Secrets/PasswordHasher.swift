import CArgon2

/// Hashes and checks passwords by Argon2id on threads of its own.
///
/// Memory is bounded: `concurrency` × `parameters.memory`, whatever the number of callers; callers beyond the queue are
/// refused with `SecretsError.overloaded`.
package struct PasswordHasher: Sendable {
    package enum Verdict: Sendable, Equatable {
        /// - Parameter needsRehash: the stored hash has other parameters than today's; store a new one now that the
        ///   password is at hand.
        case matches(needsRehash: Bool)
        case differs
    }

    /// The longest password that is looked at, in bytes of UTF-8. Hashing time does not depend on the length below it.
    package static let longestPassword = 1024

    private static let saltBytes = 16
    private static let hashBytes = 32

    package let parameters: Argon2Parameters
    private let random: any RandomSource
    private let threads: WorkerThreads
    /// What a password is checked against when there is no account: same cost, and no password can match random bytes.
    private let decoy: PasswordHash

    /// - Parameters:
    ///   - concurrency: how many hashes are computed at once; each holds `parameters.memory`.
    ///   - queueLimit: how many callers may wait.
    package init(
        parameters: Argon2Parameters = .recommended, concurrency: Int, queueLimit: Int = 256,
        random: any RandomSource = SystemRandom()
    ) throws(SecretsError) {
        self.parameters = parameters
        self.random = random
        threads = WorkerThreads(count: max(1, concurrency), queueLimit: queueLimit)
        let salt = Self.unpaddedBase64(try random.bytes(Self.saltBytes))
        let hash = Self.unpaddedBase64(try random.bytes(Self.hashBytes))
        decoy = try PasswordHash(
            stored: "$argon2id$v=19$m=\(parameters.memory),t=\(parameters.passes),p=\(parameters.lanes)$\(salt)$\(hash)"
        )
    }

    /// How many callers wait now: for metrics.
    package var waiting: Int { threads.waiting }

    /// - Returns: a hash with a new salt under today's parameters.
    /// - Throws: `overloaded`, `cancelled`, `malformed` for a password longer than ``longestPassword``.
    package func hash(_ password: String) async throws(SecretsError) -> PasswordHash {
        guard password.utf8.count <= Self.longestPassword else { throw .malformed("the password is too long") }
        let salt = try random.bytes(Self.saltBytes)
        let parameters = parameters
        return try await threads.run { Self.compute(password, salt: salt, parameters: parameters) }
    }

    /// Checks a password. Without a stored hash it does the same work and answers `differs`, so that the time does not tell
    /// whether an account exists.
    /// - Throws: `overloaded`, `cancelled`.
    package func verify(_ password: String, against stored: PasswordHash?) async throws(SecretsError) -> Verdict {
        let reference = stored ?? decoy
        let isTooLong = password.utf8.count > Self.longestPassword
        let candidate = isTooLong ? "" : password
        let matches = try await threads.run { Self.check(candidate, reference) }
        guard matches, stored != nil, !isTooLong else { return .differs }
        return .matches(needsRehash: reference.parameters != parameters)
    }

    private static func compute(
        _ password: String, salt: [UInt8], parameters: Argon2Parameters
    ) -> Result<PasswordHash, SecretsError> {
        var encoded = [CChar](repeating: 0, count: 160)
        let password = Array(password.utf8)
        let code = argon2id_hash_encoded(
            parameters.passes, parameters.memory, parameters.lanes, password, password.count, salt, salt.count,
            hashBytes, &encoded,
            encoded.count)
        guard code == ARGON2_OK.rawValue else {
            return .failure(.libraryFailure("argon2id_hash_encoded", code: Int(code)))
        }
        let text = String(decoding: encoded.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return Result { () throws(SecretsError) in try PasswordHash(stored: text) }
    }

    private static func check(_ password: String, _ reference: PasswordHash) -> Result<Bool, SecretsError> {
        let password = Array(password.utf8)
        let code = argon2id_verify(reference.stored, password, password.count)
        switch code {
        case ARGON2_OK.rawValue: return .success(true)
        case ARGON2_VERIFY_MISMATCH.rawValue: return .success(false)
        default: return .failure(.libraryFailure("argon2id_verify", code: Int(code)))
        }
    }

    /// PHC strings use the ordinary alphabet (RFC 4648 §4) without padding.
    private static func unpaddedBase64(_ bytes: [UInt8]) -> String {
        String(Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 })
    }
}
