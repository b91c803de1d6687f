import Synchronization

/// Checks access tokens. A signature costs about 0.1 ms once; after that the token is known by its SHA-256 until it expires.
///
/// Neither waits nor does I/O, so it may be called from any thread.
package final class AccessTokenVerifier: Sendable {
    private let policy: AccessTokenPolicy
    private let keys: Mutex<[String: VerificationKey]>
    private let known: Mutex<TwoGenerationCache<Digest256, AccessTokenClaims>>

    /// - Parameters:
    ///   - keys: all keys whose tokens count now: the signing one, those retired less than a lifetime ago, those to come.
    ///   - remembered: how many verified tokens are kept at most.
    package init(policy: AccessTokenPolicy, keys: [VerificationKey], remembered: Int = 16_384) {
        self.policy = policy
        self.keys = Mutex(Self.byID(keys))
        self.known = Mutex(TwoGenerationCache(limit: remembered))
    }

    /// Takes a new set of keys. Tokens of a key that is gone are refused from now on, remembered or not.
    package func replaceKeys(_ keys: [VerificationKey]) {
        self.keys.withLock { $0 = Self.byID(keys) }
        known.withLock { $0.removeAll() }
    }

    /// The public keys as a JSON Web Key Set (RFC 7517 §5), sorted by `kid`.
    package var jsonWebKeySet: String {
        let keys = keys.withLock { $0.values.sorted { $0.keyID < $1.keyID }.map(\.jsonWebKey) }
        return "{\"keys\":[\(keys.joined(separator: ","))]}"
    }

    /// - Parameter now: seconds since 1970.
    /// - Returns: the claims of a token that we signed, for this audience, valid now.
    package func verify(_ token: String, at now: Int64) throws(AccessTokenFault) -> AccessTokenClaims {
        guard token.utf8.count <= TokenGate.longestToken else { throw .oversized }
        let name = SHA256.digest(token)
        if let known = known.withLock({ $0[name] }) {
            try Self.checkTimes(known, now)
            return known
        }
        let gate = try TokenGate(token)
        guard let key = keys.withLock({ $0[gate.keyID] }) else { throw .unknownKey }
        guard key.verifies(signature: gate.signature, of: gate.signed) else { throw .signature }
        let claims = try claims(of: gate.payload)
        try Self.checkTimes(claims, now)
        // A key that was withdrawn meanwhile must not leave a remembered token behind.
        keys.withLock { current in
            if current[gate.keyID] != nil { known.withLock { $0[name] = claims } }
        }
        return claims
    }

    private func claims(of payload: [UInt8]) throws(AccessTokenFault) -> AccessTokenClaims {
        guard let members = FlatJSON(parsing: payload) else { throw .malformed }
        guard members.string("iss") == policy.issuer else { throw .issuer }
        guard members.string("aud") == policy.audience else { throw .audience }
        guard let subject = members.string("sub"), let session = members.string("sid"),
            let tokenID = members.string("jti"),
            let issuedAt = members.integer("iat"), let notBefore = members.integer("nbf"),
            let expiresAt = members.integer("exp")
        else { throw .malformed }
        return AccessTokenClaims(
            subject: subject, session: session, organization: members.string("org"), tokenID: tokenID,
            issuedAt: issuedAt,
            notBefore: notBefore, expiresAt: expiresAt)
    }

    private static func checkTimes(_ claims: AccessTokenClaims, _ now: Int64) throws(AccessTokenFault) {
        guard now < claims.expiresAt else { throw .expired }
        guard now >= claims.notBefore else { throw .notYetValid }
    }

    private static func byID(_ keys: [VerificationKey]) -> [String: VerificationKey] {
        Dictionary(keys.map { ($0.keyID, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
