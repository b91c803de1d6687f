/// What an access token says (RFC 9068): who, in which session, acting in which organization, and until when.
package struct AccessTokenClaims: Sendable, Equatable {
    /// `sub`: the user or service account.
    package let subject: String
    /// `sid`: the session, which must be alive for the token to count.
    package let session: String
    /// `org`: the organization acted in; nil for a platform session.
    package let organization: String?
    /// `jti`.
    package let tokenID: String
    /// Seconds since 1970, UTC.
    package let issuedAt: Int64
    package let notBefore: Int64
    package let expiresAt: Int64

    package init(
        subject: String, session: String, organization: String?, tokenID: String, issuedAt: Int64, notBefore: Int64,
        expiresAt: Int64
    ) {
        self.subject = subject
        self.session = session
        self.organization = organization
        self.tokenID = tokenID
        self.issuedAt = issuedAt
        self.notBefore = notBefore
        self.expiresAt = expiresAt
    }
}

/// Who issues tokens, for whom, and for how long.
package struct AccessTokenPolicy: Sendable {
    package let issuer: String
    package let audience: String
    /// Seconds from issue to expiry.
    package let lifetime: Int64
    /// Seconds by which `nbf` lies before the issue, for nodes whose clocks run behind.
    package let backdating: Int64

    /// - Throws: `SecretsError.malformed` when issuer or audience is empty or holds anything but printable ASCII without quotes.
    package init(issuer: String, audience: String, lifetime: Int64 = 900, backdating: Int64 = 30) throws(SecretsError) {
        for text in [issuer, audience] {
            guard !text.isEmpty, FlatJSON.canHold(text) else {
                throw .malformed("issuer and audience are printable ASCII without quotes")
            }
        }
        guard lifetime > 0, backdating >= 0 else { throw .malformed("a token's lifetime is positive") }
        self.issuer = issuer
        self.audience = audience
        self.lifetime = lifetime
        self.backdating = backdating
    }
}

/// Why a token was refused: for logs and metrics. Clients hear one answer for all.
package enum AccessTokenFault: Error, Equatable, Sendable {
    case oversized, malformed, forbiddenHeader, algorithm, type, unknownKey, signature, issuer, audience, expired,
        notYetValid
}

/// Issues access tokens: JWS compact form, `ES256`, `typ` `at+jwt` (RFC 7515, 7518, 9068).
package struct AccessTokenSigner: Sendable {
    private let policy: AccessTokenPolicy
    private let key: SigningKey

    package init(policy: AccessTokenPolicy, key: SigningKey) {
        self.policy = policy
        self.key = key
    }

    /// - Parameters:
    ///   - subject, session, organization, tokenID: ids; printable ASCII without quotes.
    ///   - now: seconds since 1970.
    /// - Returns: the token and what it says.
    package func issue(
        subject: String, session: String, organization: String?, tokenID: String, at now: Int64
    ) throws(SecretsError) -> (token: String, claims: AccessTokenClaims) {
        for text in [subject, session, organization ?? "-", tokenID] where text.isEmpty || !FlatJSON.canHold(text) {
            throw .malformed("a claim is not printable ASCII without quotes")
        }
        let claims = AccessTokenClaims(
            subject: subject, session: session, organization: organization, tokenID: tokenID, issuedAt: now,
            notBefore: now - policy.backdating, expiresAt: now + policy.lifetime)
        var members: [(String, FlatJSON.Value)] = [
            ("iss", .string(policy.issuer)), ("aud", .string(policy.audience)), ("sub", .string(subject)),
            ("sid", .string(session)),
        ]
        if let organization { members.append(("org", .string(organization))) }
        members.append(("jti", .string(tokenID)))
        members.append(("iat", .integer(claims.issuedAt)))
        members.append(("nbf", .integer(claims.notBefore)))
        members.append(("exp", .integer(claims.expiresAt)))
        let header = FlatJSON.write([
            ("alg", .string("ES256")), ("typ", .string("at+jwt")), ("kid", .string(key.keyID)),
        ])
        let signed = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(FlatJSON.write(members).utf8)))"
        let signature = try key.signature(of: Array(signed.utf8))
        return ("\(signed).\(Base64URL.encode(signature))", claims)
    }
}
