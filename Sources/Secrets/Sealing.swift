import COpenSSL

/// What a sealed value belongs to. It is authenticated with the value, so that ciphertext copied to another row, table or
/// organization does not open.
package struct SealingContext: Sendable, Equatable {
    package let organization: String
    package let table: String
    package let row: String

    /// - Parameters:
    ///   - organization: the organization's id, or `platform` for what belongs to none.
    ///   - table: the table's name without schema.
    ///   - row: the row's key and, if a row has several sealed columns, the column.
    package init(organization: String, table: String, row: String) {
        self.organization = organization
        self.table = table
        self.row = row
    }

    /// Each part is preceded by its length: no two contexts share an encoding.
    var encoded: [UInt8] {
        var output: [UInt8] = []
        for part in [organization, table, row] {
            output += UInt32(part.utf8.count).bigEndianBytes
            output += Array(part.utf8)
        }
        return output
    }
}

/// A 256-bit key and its number. Prints its number only.
package struct SealingKey: Sendable, CustomStringConvertible, CustomReflectable {
    package let version: UInt32
    let bytes: [UInt8]

    /// - Throws: `SecretsError.malformed` unless there are 32 bytes.
    package init(version: UInt32, bytes: [UInt8]) throws(SecretsError) {
        guard bytes.count == 32 else { throw .malformed("a sealing key has 32 bytes, not \(bytes.count)") }
        self.version = version
        self.bytes = bytes
    }

    package init(generating version: UInt32, from source: some RandomSource) throws(SecretsError) {
        try self.init(version: version, bytes: source.bytes(32))
    }

    package var description: String { "sealing key \(version)" }
    package var customMirror: Mirror { Mirror(self, children: ["version": version]) }
}

/// AES-256-GCM under one of several keys: the first seals, all open, so that a key can be replaced while old values live.
///
/// Form of a sealed value: `01` ‖ key version (4 bytes, big endian) ‖ nonce (12) ‖ ciphertext ‖ tag (16). Version and
/// context are authenticated. Nonces are random: a key stays safe for 2³² values (NIST SP 800-38D §8.3).
package struct SealingKeyring: Sendable {
    private static let form: UInt8 = 1
    private static let headerBytes = 5
    private static let nonceBytes = 12
    private static let tagBytes = 16

    package let current: SealingKey
    private let keys: [UInt32: SealingKey]

    package init(current: SealingKey, older: [SealingKey] = []) {
        self.current = current
        self.keys = Dictionary((older + [current]).map { ($0.version, $0) }, uniquingKeysWith: { _, last in last })
    }

    /// Reads the configured form: `VERSION:KEY` separated by commas, the current one first; `KEY` is 64 hexadecimal digits
    /// or 43 symbols of base64url. A single key may leave out its version, which is then 1.
    package init(parsing text: String) throws(SecretsError) {
        var parsed: [SealingKey] = []
        for entry in text.split(separator: ",") {
            let parts = entry.split(separator: ":")
            guard let last = parts.last, parts.count <= 2 else { throw .malformed("sealing keys are VERSION:KEY,…") }
            guard let version = parts.count == 2 ? UInt32(parts[0]) : 1 else {
                throw .malformed("a key's version is a number")
            }
            let key = last.last == "=" ? last.dropLast() : last
            guard let bytes = key.utf8.count == 64 ? Hexadecimal.decode(key) : Base64URL.decode(Array(key.utf8)) else {
                throw .malformed("a sealing key is 64 hexadecimal digits or 43 symbols of base64url")
            }
            parsed.append(try SealingKey(version: version, bytes: bytes))
        }
        guard let first = parsed.first else { throw .malformed("no sealing key given") }
        guard Set(parsed.map(\.version)).count == parsed.count else {
            throw .malformed("two sealing keys share a version")
        }
        self.init(current: first, older: Array(parsed.dropFirst()))
    }

    /// - Returns: the sealed form of `plaintext`; a new nonce each time.
    package func seal(_ plaintext: [UInt8], for context: SealingContext, random: some RandomSource) throws(SecretsError)
        -> [UInt8]
    {
        let header = [Self.form] + current.version.bigEndianBytes
        let nonce = try random.bytes(Self.nonceBytes)
        let (ciphertext, tag) = try AESGCM.encrypt(
            plaintext, key: current.bytes, nonce: nonce, associated: header + context.encoded)
        return header + nonce + ciphertext + tag
    }

    /// - Throws: `notAuthentic` when value, context or key do not match, `unknownKeyVersion`, `malformed`.
    package func open(_ sealed: [UInt8], for context: SealingContext) throws(SecretsError) -> [UInt8] {
        let version = try Self.keyVersion(of: sealed)
        guard let key = keys[version] else { throw .unknownKeyVersion(version) }
        let header = sealed[..<Self.headerBytes]
        let body = sealed[Self.headerBytes...]
        return try AESGCM.decrypt(
            Array(body.dropFirst(Self.nonceBytes).dropLast(Self.tagBytes)), key: key.bytes,
            nonce: Array(body.prefix(Self.nonceBytes)), tag: Array(body.suffix(Self.tagBytes)),
            associated: Array(header) + context.encoded)
    }

    /// The version of the key that sealed a value: what differs from `current.version` is due for sealing again.
    package static func keyVersion(of sealed: [UInt8]) throws(SecretsError) -> UInt32 {
        guard sealed.count >= headerBytes + nonceBytes + tagBytes, sealed[0] == form else {
            throw .malformed("not a sealed value")
        }
        return sealed[1..<headerBytes].reduce(0) { $0 << 8 | UInt32($1) }
    }
}

private enum AESGCM {
    static func encrypt(
        _ plaintext: [UInt8], key: [UInt8], nonce: [UInt8], associated: [UInt8]
    ) throws(SecretsError) -> (ciphertext: [UInt8], tag: [UInt8]) {
        guard let context = EVP_CIPHER_CTX_new() else { throw .libraryFailure("EVP_CIPHER_CTX_new", code: 0) }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: plaintext.count + 16)
        var tag = [UInt8](repeating: 0, count: 16)
        var length: Int32 = 0
        var final: Int32 = 0
        guard EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_EncryptUpdate(context, nil, &length, associated, Int32(associated.count)) == 1,
            EVP_EncryptUpdate(context, &output, &length, plaintext, Int32(plaintext.count)) == 1,
            EVP_EncryptFinal_ex(context, nil, &final) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
        else { throw .libraryFailure("AES-256-GCM", code: Int(ERR_get_error())) }
        return (Array(output.prefix(Int(length))), tag)
    }

    static func decrypt(
        _ ciphertext: [UInt8], key: [UInt8], nonce: [UInt8], tag: [UInt8], associated: [UInt8]
    ) throws(SecretsError) -> [UInt8] {
        guard let context = EVP_CIPHER_CTX_new() else { throw .libraryFailure("EVP_CIPHER_CTX_new", code: 0) }
        defer { EVP_CIPHER_CTX_free(context) }
        var output = [UInt8](repeating: 0, count: ciphertext.count + 16)
        var expected = tag
        var length: Int32 = 0
        var final: Int32 = 0
        guard EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), nil, key, nonce) == 1,
            EVP_DecryptUpdate(context, nil, &length, associated, Int32(associated.count)) == 1,
            EVP_DecryptUpdate(context, &output, &length, ciphertext, Int32(ciphertext.count)) == 1,
            EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &expected) == 1
        else { throw .libraryFailure("AES-256-GCM", code: Int(ERR_get_error())) }
        guard EVP_DecryptFinal_ex(context, nil, &final) == 1 else {
            ERR_clear_error()
            throw .notAuthentic
        }
        return Array(output.prefix(Int(length)))
    }
}

extension UInt32 {
    var bigEndianBytes: [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: self >> UInt32($0)) } }
}

extension SealingKeyring {
    /// A key for another purpose, drawn from the current one: HMAC-SHA256 over the purpose's name. Nothing about one
    /// purpose's key tells another's.
    package func derivedKey(for purpose: String) -> [UInt8] {
        HMACSHA256.tag(of: "rookery \(purpose)".utf8, key: current.bytes).bytes
    }
}
