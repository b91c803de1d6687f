import COpenSSL

/// The public half of a P-256 key (FIPS 186-5), as it verifies ES256 signatures (RFC 7518 §3.4).
///
/// Unchecked, because an `EVP_PKEY` is an opaque pointer to the compiler; it is never changed after `init`, and OpenSSL 3
/// allows any number of threads to verify with one key.
package final class VerificationKey: @unchecked Sendable {
    /// SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480), up to the 65 bytes of the point.
    private static let spkiPrefix: [UInt8] = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
        0xce, 0x3d, 0x03,
        0x01, 0x07, 0x03, 0x42, 0x00,
    ]

    private let key: OpaquePointer
    /// The coordinates of the point, 32 bytes each, big endian.
    package let x: [UInt8]
    package let y: [UInt8]
    /// The RFC 7638 thumbprint: 43 symbols of base64url, the `kid` of tokens.
    package let keyID: String

    /// - Throws: `SecretsError.malformed` when the coordinates are not 32 bytes each or not a point of the curve.
    package init(x: [UInt8], y: [UInt8]) throws(SecretsError) {
        guard x.count == 32, y.count == 32 else { throw .malformed("a coordinate of P-256 has 32 bytes") }
        let encoded = Self.spkiPrefix + [4] + x + y
        let parsed = encoded.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_PUBKEY(nil, &start, buffer.count)
        }
        guard let parsed else {
            ERR_clear_error()
            throw .malformed("not a point of P-256")
        }
        key = parsed
        self.x = x
        self.y = y
        let members =
            "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"\(Base64URL.encode(x))\",\"y\":\"\(Base64URL.encode(y))\"}"
        keyID = Base64URL.encode(SHA256.digest(members).bytes)
    }

    deinit { EVP_PKEY_free(key) }

    /// The key as a JSON Web Key (RFC 7517), without anything private.
    package var jsonWebKey: String {
        """
        {"alg":"ES256","crv":"P-256","kid":"\(keyID)","kty":"EC","use":"sig",\
        "x":"\(Base64URL.encode(x))","y":"\(Base64URL.encode(y))"}
        """
    }

    /// Reads ``jsonWebKey`` back.
    /// - Throws: `SecretsError.malformed` for another form, another curve, or a `kid` that is not the thumbprint.
    package convenience init(jsonWebKey: some StringProtocol) throws(SecretsError) {
        guard let members = FlatJSON(parsing: Array(jsonWebKey.utf8)), members.string("kty") == "EC",
            members.string("crv") == "P-256",
            let x = members.string("x").flatMap({ Base64URL.decode(Array($0.utf8)) }),
            let y = members.string("y").flatMap({ Base64URL.decode(Array($0.utf8)) })
        else { throw .malformed("not a JSON Web Key of P-256") }
        try self.init(x: x, y: y)
        guard members.string("kid") == keyID else { throw .malformed("the kid of a key is not its thumbprint") }
    }

    /// - Parameter signature: `R ‖ S`, 64 bytes.
    func verifies(signature: [UInt8], of message: some Sequence<UInt8>) -> Bool {
        guard signature.count == 64, let der = Self.derSignature(signature), let context = EVP_MD_CTX_new() else {
            return false
        }
        defer { EVP_MD_CTX_free(context) }
        let message = Array(message)
        let verdict =
            EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(context, der, der.count, message, message.count) == 1
        if !verdict { ERR_clear_error() }
        return verdict
    }

    private static func derSignature(_ raw: [UInt8]) -> [UInt8]? {
        guard let signature = ECDSA_SIG_new() else { return nil }
        defer { ECDSA_SIG_free(signature) }
        let r = BN_bin2bn(Array(raw[..<32]), 32, nil)
        let s = BN_bin2bn(Array(raw[32...]), 32, nil)
        guard let r, let s, ECDSA_SIG_set0(signature, r, s) == 1 else {
            BN_free(r)
            BN_free(s)
            return nil
        }
        var output: UnsafeMutablePointer<UInt8>?
        let length = i2d_ECDSA_SIG(signature, &output)
        guard length > 0, let output else { return nil }
        defer { CRYPTO_free(output, #file, #line) }
        return Array(UnsafeBufferPointer(start: output, count: Int(length)))
    }
}

/// A P-256 key pair that signs ES256. Prints its id only.
///
/// Unchecked for the reason given at ``VerificationKey``: the `EVP_PKEY` is never changed after `init`.
package final class SigningKey: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    private let key: OpaquePointer
    package let verification: VerificationKey

    package var keyID: String { verification.keyID }

    /// Makes a new key.
    package convenience init() throws(SecretsError) {
        guard let key = Self.generated() else { throw .libraryFailure("EVP_EC_gen", code: Int(ERR_get_error())) }
        try self.init(owning: key)
    }

    /// Reads a private key in PEM (RFC 5958 or RFC 5915), unencrypted.
    /// - Throws: `SecretsError.malformed` for anything but P-256.
    package convenience init(pem: [UInt8]) throws(SecretsError) {
        // The memory BIO reads in place: it must be gone before the buffer is.
        let parsed: OpaquePointer? = pem.withUnsafeBytes { buffer in
            guard let memory = BIO_new_mem_buf(buffer.baseAddress, Int32(buffer.count)) else { return nil }
            defer { BIO_free(memory) }
            // The callback answers "no password"; the default one would ask on the terminal.
            return PEM_read_bio_PrivateKey(memory, nil, { _, _, _, _ in -1 }, nil)
        }
        guard let key = parsed else {
            ERR_clear_error()
            throw .malformed("not a private key in PEM")
        }
        try self.init(owning: key)
    }

    private init(owning key: OpaquePointer) throws(SecretsError) {
        guard let point = Self.point(of: key) else {
            EVP_PKEY_free(key)
            throw .malformed("the key is not of the curve P-256")
        }
        do {
            verification = try VerificationKey(x: Array(point[1..<33]), y: Array(point[33..<65]))
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    deinit { EVP_PKEY_free(key) }

    /// The private key as PKCS #8 PEM, unencrypted: seal it before it is stored.
    package func privatePEM() throws(SecretsError) -> [UInt8] {
        guard let memory = BIO_new(BIO_s_mem()) else { throw .libraryFailure("BIO_new", code: 0) }
        defer { BIO_free(memory) }
        guard PEM_write_bio_PKCS8PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1 else {
            throw .libraryFailure("PEM_write_bio_PKCS8PrivateKey", code: Int(ERR_get_error()))
        }
        var output = [UInt8](repeating: 0, count: 1024)
        let length = BIO_read(memory, &output, Int32(output.count))
        guard length > 0 else { throw .libraryFailure("BIO_read", code: Int(length)) }
        return Array(output.prefix(Int(length)))
    }

    /// - Returns: `R ‖ S`, 64 bytes.
    func signature(of message: [UInt8]) throws(SecretsError) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw .libraryFailure("EVP_MD_CTX_new", code: 0) }
        defer { EVP_MD_CTX_free(context) }
        var der = [UInt8](repeating: 0, count: 80)
        var length = der.count
        guard EVP_DigestSignInit(context, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(context, &der, &length, message, message.count) == 1
        else { throw .libraryFailure("EVP_DigestSign", code: Int(ERR_get_error())) }
        let signature = der.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_ECDSA_SIG(nil, &start, length)
        }
        guard let signature else { throw .libraryFailure("d2i_ECDSA_SIG", code: 0) }
        defer { ECDSA_SIG_free(signature) }
        var raw = [UInt8](repeating: 0, count: 64)
        let written = raw.withUnsafeMutableBufferPointer { buffer in
            BN_bn2binpad(ECDSA_SIG_get0_r(signature), buffer.baseAddress, 32) == 32
                && BN_bn2binpad(ECDSA_SIG_get0_s(signature), buffer.baseAddress.map { $0 + 32 }, 32) == 32
        }
        guard written else { throw .libraryFailure("BN_bn2binpad", code: 0) }
        return raw
    }

    package var description: String { "signing key \(keyID)" }
    package var customMirror: Mirror { Mirror(self, children: ["keyID": keyID]) }

    private static func generated() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1,
            EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
            EVP_PKEY_keygen(context, &key) == 1
        else { return nil }
        return key
    }

    /// - Returns: `04 ‖ x ‖ y` when the key is of P-256.
    private static func point(of key: OpaquePointer) -> [UInt8]? {
        var name = [CChar](repeating: 0, count: 64)
        var nameLength = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &nameLength) == 1 else { return nil }
        guard name.prefix(nameLength).map(UInt8.init(bitPattern:)) == Array("prime256v1".utf8) else { return nil }
        var output: UnsafeMutablePointer<UInt8>?
        let length = EVP_PKEY_get1_encoded_public_key(key, &output)
        guard let output else { return nil }
        defer { CRYPTO_free(output, #file, #line) }
        guard length == 65, output[0] == 4 else { return nil }
        return Array(UnsafeBufferPointer(start: output, count: length))
    }
}
