/// What stands before any cryptography: takes a compact JWS apart and refuses every form that we do not issue.
///
/// At most 4 KiB; three segments of canonical base64url; a header of exactly `alg`, `typ` and `kid`, each once, so that
/// `crit`, `jku`, `jwk`, `x5u`, `x5c` and all other names are refused; `alg` byte-equal `ES256`; `typ` `at+jwt`; a signature
/// of 64 bytes. The algorithm never selects a key or a function: there is one.
struct TokenGate {
    static let longestToken = 4096

    let keyID: String
    let payload: [UInt8]
    let signature: [UInt8]
    /// `header.payload` as sent, which is what was signed.
    let signed: [UInt8]

    init(_ token: String) throws(AccessTokenFault) {
        guard token.utf8.count <= Self.longestToken else { throw .oversized }
        let text = Array(token.utf8)
        let segments = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard segments.count == 3 else { throw .malformed }
        guard let header = Base64URL.decode(segments[0]), let payload = Base64URL.decode(segments[1]),
            let signature = Base64URL.decode(segments[2]), let members = FlatJSON(parsing: header)
        else { throw .malformed }
        guard members.string("alg") == "ES256" else { throw .algorithm }
        guard members.string("typ") == "at+jwt" else { throw .type }
        guard let keyID = members.string("kid") else { throw .unknownKey }
        guard members.members.count == 3 else { throw .forbiddenHeader }
        guard signature.count == 64 else { throw .signature }
        self.keyID = keyID
        self.payload = payload
        self.signature = signature
        self.signed = Array(text[..<segments[1].endIndex])
    }
}
