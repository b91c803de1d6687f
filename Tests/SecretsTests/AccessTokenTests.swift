import COpenSSL
import Testing

@testable import Secrets

@Suite struct AccessTokenTests {
    private let now: Int64 = 1_700_000_000
    private let key: SigningKey
    private let policy: AccessTokenPolicy
    private let signer: AccessTokenSigner
    private let verifier: AccessTokenVerifier

    init() throws {
        key = try SigningKey()
        policy = try AccessTokenPolicy(issuer: "https://rookery.example", audience: "rookery-api")
        signer = AccessTokenSigner(policy: policy, key: key)
        verifier = AccessTokenVerifier(policy: policy, keys: [key.verification])
    }

    private func issue(at time: Int64? = nil) throws -> String {
        try signer.issue(
            subject: "user-1", session: "session-1", organization: "organization-1", tokenID: "token-1", at: time ?? now
        ).token
    }

    /// A token with the right signature over whatever is given.
    private func forge(header: String? = nil, payload: String? = nil, key other: SigningKey? = nil) throws -> String {
        let header = header ?? "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(key.keyID)\"}"
        let signed =
            "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array((payload ?? self.payload()).utf8)))"
        return "\(signed).\(Base64URL.encode(try (other ?? key).signature(of: Array(signed.utf8))))"
    }

    private func payload(issuer: String = "https://rookery.example", audience: String = "rookery-api") -> String {
        "{\"iss\":\"\(issuer)\",\"aud\":\"\(audience)\",\"sub\":\"u\",\"sid\":\"s\",\"jti\":\"t\",\"iat\":\(now),\"nbf\":\(now),\"exp\":\(now + 900)}"
    }

    private func fault(_ token: String, at time: Int64? = nil) -> AccessTokenFault? {
        do throws(AccessTokenFault) {
            _ = try verifier.verify(token, at: time ?? now)
            return nil
        } catch { return error }
    }

    @Test("an issued token is verified, from memory too, and says what was put in")
    func roundTrip() throws {
        let issued = try signer.issue(
            subject: "user-1", session: "session-1", organization: "organization-1", tokenID: "token-1", at: now)
        for _ in 0..<3 { #expect(try verifier.verify(issued.token, at: now) == issued.claims) }
        let platform = try signer.issue(
            subject: "user-1", session: "session-1", organization: nil, tokenID: "token-2", at: now)
        #expect(try verifier.verify(platform.token, at: now).organization == nil)
        #expect(
            fault(try forge()) == nil, "the forge of these tests makes tokens that differ only in what a test changes")
    }

    @Test("ES256 agrees with the example of RFC 7515 A.3")
    func knownAnswer() throws {
        let point = ["f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"]
        let coordinates = try point.map { try #require(Base64URL.decode(Array($0.utf8))) }
        let published = try VerificationKey(x: coordinates[0], y: coordinates[1])
        let signature = try #require(
            Base64URL.decode(
                Array("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q".utf8)))
        let signed =
            "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
        #expect(published.verifies(signature: signature, of: signed.utf8))
        #expect(!published.verifies(signature: signature, of: "\(signed)x".utf8))
    }

    @Test("a token counts from nbf up to, not including, exp, also when remembered")
    func times() throws {
        let token = try issue()
        #expect(fault(token, at: now - 31) == .notYetValid)
        #expect(fault(token, at: now - 30) == nil)
        #expect(fault(token, at: now + 899) == nil)
        #expect(fault(token, at: now + 900) == .expired)
        #expect(fault(token, at: now - 31) == .notYetValid)
        #expect(fault(try issue(at: now - 900)) == .expired)
        #expect(fault(try issue(at: now + 31)) == .notYetValid)
    }

    @Test(
        "no spelling of another algorithm is accepted, even over a valid signature",
        arguments: [
            "none", "None", "NONE", "es256", "Es256", "ES256 ", "ES384", "ES512", "HS256", "RS256", "PS256", "EdDSA",
            "",
        ])
    func algorithms(name: String) throws {
        #expect(
            fault(try forge(header: "{\"alg\":\"\(name)\",\"typ\":\"at+jwt\",\"kid\":\"\(key.keyID)\"}")) == .algorithm)
    }

    @Test("an unsigned token is refused")
    func unsigned() throws {
        let header = "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"\(key.keyID)\"}"
        let text = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload().utf8)))."
        #expect(fault(text) == .algorithm)
        let parts = try issue().split(separator: ".")
        #expect(fault("\(parts[0]).\(parts[1]).") == .signature)
        #expect(fault("\(parts[0]).\(parts[1])") == .malformed)
    }

    @Test("HS256 with the public key as its secret is refused, in PEM and as a JWK")
    func symmetricConfusion() throws {
        let secrets = [try publicPEM(), Array(key.verification.jsonWebKey.utf8)]
        for secret in secrets {
            for algorithm in ["HS256", "ES256"] {
                let header = "{\"alg\":\"\(algorithm)\",\"typ\":\"at+jwt\",\"kid\":\"\(key.keyID)\"}"
                let signed = "\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(Array(payload().utf8)))"
                let tag = HMACSHA256.tag(of: signed.utf8, key: secret).bytes
                #expect(fault("\(signed).\(Base64URL.encode(tag))") != nil)
                #expect(fault("\(signed).\(Base64URL.encode(tag + tag))") != nil)
            }
        }
    }

    @Test("unknown, missing and empty key ids are refused, and so is a stranger's key under a known id")
    func keyIDs() throws {
        let stranger = try SigningKey()
        #expect(
            fault(
                try forge(header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(stranger.keyID)\"}", key: stranger)
            ) == .unknownKey)
        #expect(fault(try forge(header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\"}")) == .unknownKey)
        #expect(fault(try forge(header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\"}")) == .unknownKey)
        #expect(fault(try forge(key: stranger)) == .signature)
    }

    @Test(
        "headers that name, carry or fetch a key are refused, as is any header beyond alg, typ and kid",
        arguments: [
            "\"jku\":\"https://evil.example/keys\"", "\"jwk\":{\"kty\":\"EC\"}", "\"jwk\":\"x\"",
            "\"x5u\":\"https://evil.example/c\"",
            "\"x5c\":[\"MII\"]", "\"crit\":[\"exp\"]", "\"crit\":\"exp\"", "\"b64\":false", "\"zip\":\"DEF\"",
            "\"cty\":\"JWT\"", "\"x\":1",
        ])
    func forbiddenHeaders(member: String) throws {
        let fault = fault(
            try forge(header: "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(key.keyID)\",\(member)}"))
        #expect(fault == .forbiddenHeader || fault == .malformed)
    }

    @Test("duplicate names, escapes, other types and damage in the header are refused")
    func damagedHeaders() throws {
        let id = key.keyID
        let headers = [
            "{\"alg\":\"ES256\",\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}",
            "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\",\"alg\":\"ES256\"}",
            "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\",\"kid\":\"\(id)\"}",
            "{\"\\u0061lg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}",
            "{\"alg\":\"ES25\\u0036\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}",
            "{\"alg\":[\"ES256\"],\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}",
            "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"", "[]", "{}", "",
            "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}{}",
            "{\"alg\":\"ES256\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\",}",
            "{\"alg\":\"ES256\u{0}\",\"typ\":\"at+jwt\",\"kid\":\"\(id)\"}",
        ]
        for header in headers { #expect(fault(try forge(header: header)) != nil, "\(header)") }
    }

    @Test("only at+jwt is an access token", arguments: ["JWT", "AT+JWT", "application/at+jwt", "dpop+jwt", ""])
    func types(name: String) throws {
        #expect(fault(try forge(header: "{\"alg\":\"ES256\",\"typ\":\"\(name)\",\"kid\":\"\(key.keyID)\"}")) == .type)
        #expect(fault(try forge(header: "{\"alg\":\"ES256\",\"kid\":\"\(key.keyID)\"}")) == .type)
    }

    @Test("signatures of zeros, of the group's order, of the wrong length or cut short are refused")
    func signatures() throws {
        let parts = try issue().split(separator: ".")
        let signature = try #require(Base64URL.decode(Array(parts[2].utf8)))
        let order = try #require(Hexadecimal.decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551"))
        let zeros = [UInt8](repeating: 0, count: 32)
        let (r, s) = (Array(signature[..<32]), Array(signature[32...]))
        let halves: [([UInt8], [UInt8])] = [
            (zeros, zeros), (r, zeros), (zeros, s), (order, order), (r, order), (order, s), (s, r),
            (r, Array(s.dropLast())), (r, s + [0]), ([], []),
            ([UInt8](repeating: 0xff, count: 32), [UInt8](repeating: 0xff, count: 32)),
        ]
        let forged: [[UInt8]] = halves.map { first, second in first + second }
        for bytes in forged { #expect(fault("\(parts[0]).\(parts[1]).\(Base64URL.encode(bytes))") == .signature) }
    }

    @Test("every cut, every changed symbol and every addition is refused")
    func truncatedAndChanged() throws {
        let token = try issue()
        for length in 0..<token.utf8.count { #expect(fault(String(token.prefix(length))) != nil) }
        for index in token.indices {
            let changed = token.replacingSymbol(at: index, by: token[index] == "A" ? "B" : "A")
            #expect(fault(changed) != nil)
        }
        for addition in ["=", " ", "\n", ".", "\0", "A"] {
            #expect(fault(token + addition) != nil)
            #expect(fault(addition + token) != nil)
        }
        #expect(fault(token.replacingSymbol(at: token.startIndex, by: "é")) == .malformed)
    }

    @Test("a token over four kilobytes is refused before anything looks at it")
    func oversized() throws {
        #expect(fault(String(repeating: "A", count: 4097)) == .oversized)
        let long = payload().dropLast() + ",\"pad\":\"\(String(repeating: "x", count: 4000))\"}"
        #expect(fault(try forge(payload: String(long))) == .oversized)
    }

    @Test("another issuer, another audience and an incomplete payload are refused")
    func payloads() throws {
        #expect(fault(try forge(payload: payload(issuer: "https://rookery.example.evil"))) == .issuer)
        #expect(fault(try forge(payload: payload(audience: "other"))) == .audience)
        let whole = payload()
        for name in ["sub", "sid", "jti", "iat", "nbf", "exp"] {
            #expect(fault(try forge(payload: whole.replacing("\"\(name)\"", with: "\"no\(name)\""))) == .malformed)
        }
        #expect(fault(try forge(payload: whole.replacing("\"exp\":", with: "\"exp\":\"soon\",\"x\":"))) == .malformed)
        #expect(fault(try forge(payload: whole.replacing("\"exp\":", with: "\"exp\":1e99,\"x\":"))) == .malformed)
        #expect(fault(try forge(payload: whole.replacing("}", with: ",\"exp\":9999999999}"))) == .malformed)
    }

    @Test("keys rotate with overlap, and the tokens of a withdrawn key die at once though remembered")
    func rotation() throws {
        let next = try SigningKey()
        let old = try issue()
        #expect(fault(old) == nil)
        verifier.replaceKeys([key.verification, next.verification])
        let new = try AccessTokenSigner(policy: policy, key: next).issue(
            subject: "u", session: "s", organization: nil, tokenID: "t", at: now)
        #expect(fault(old) == nil)
        #expect(fault(new.token) == nil)
        verifier.replaceKeys([next.verification])
        #expect(fault(old) == .unknownKey)
        #expect(fault(new.token) == nil)
    }

    @Test("the published key set holds every key and nothing private")
    func keySet() throws {
        let pem = try key.privatePEM()
        let set = verifier.jsonWebKeySet
        #expect(set.contains("\"kid\":\"\(key.keyID)\""))
        #expect(!set.contains("\"d\""))
        #expect(try VerificationKey(jsonWebKey: key.verification.jsonWebKey).keyID == key.keyID)
        let again = try SigningKey(pem: pem)
        #expect(again.keyID == key.keyID)
        #expect(
            try AccessTokenSigner(policy: policy, key: again).issue(
                subject: "u", session: "s", organization: nil, tokenID: "t", at: now
            )
            .token.isEmpty == false)
    }

    @Test("keys of another curve or kind, and points off the curve, are refused")
    func wrongCurves() throws {
        for curve in [NID_secp384r1, NID_secp256k1, NID_secp521r1] {
            let pem = try privatePEM(curve: curve)
            #expect(throws: SecretsError.self) { try SigningKey(pem: pem) }
        }
        #expect(throws: SecretsError.self) {
            try SigningKey(pem: Array("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n".utf8))
        }
        #expect(throws: SecretsError.self) { try SigningKey(pem: []) }
        #expect(throws: SecretsError.self) { try VerificationKey(x: key.verification.x, y: key.verification.x) }
        #expect(throws: SecretsError.self) {
            try VerificationKey(x: key.verification.x, y: Array(key.verification.y.dropFirst()))
        }
        let other = try SigningKey()
        let mismatched = key.verification.jsonWebKey.replacing(key.keyID, with: other.keyID)
        #expect(throws: SecretsError.self) { try VerificationKey(jsonWebKey: mismatched) }
    }

    private func publicPEM() throws -> [UInt8] {
        let privatePEM = try key.privatePEM()
        let memory = try #require(BIO_new(BIO_s_mem()))
        defer { BIO_free(memory) }
        #expect(BIO_write(memory, privatePEM, Int32(privatePEM.count)) == Int32(privatePEM.count))
        let parsed = try #require(PEM_read_bio_PrivateKey(memory, nil, nil, nil))
        defer { EVP_PKEY_free(parsed) }
        let output = try #require(BIO_new(BIO_s_mem()))
        defer { BIO_free(output) }
        #expect(PEM_write_bio_PUBKEY(output, parsed) == 1)
        return read(output)
    }

    private func privatePEM(curve: Int32) throws -> [UInt8] {
        let context = try #require(EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil))
        defer { EVP_PKEY_CTX_free(context) }
        var made: OpaquePointer?
        EVP_PKEY_keygen_init(context)
        EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, curve)
        EVP_PKEY_keygen(context, &made)
        let pair = try #require(made)
        defer { EVP_PKEY_free(pair) }
        let output = try #require(BIO_new(BIO_s_mem()))
        defer { BIO_free(output) }
        #expect(PEM_write_bio_PKCS8PrivateKey(output, pair, nil, nil, 0, nil, nil) == 1)
        return read(output)
    }

    private func read(_ memory: OpaquePointer) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 4096)
        let length = BIO_read(memory, &output, Int32(output.count))
        return Array(output.prefix(Int(max(0, length))))
    }
}

extension String {
    fileprivate func replacingSymbol(at index: Index, by symbol: Character) -> String {
        var changed = self
        changed.replaceSubrange(index...index, with: String(symbol))
        return changed
    }
}
