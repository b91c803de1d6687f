import COpenSSL

/// Thirty-two bytes: a SHA-256 digest or an HMAC-SHA256 tag. Hashable, so that it can be the key of a cache.
///
/// `==` is the ordinary comparison. Compare a tag with what a client sent by ``isEqual(toUntrusted:)``.
package struct Digest256: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// - Parameter bytes: 32 bytes.
    /// - Returns: nil for any other length.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (offset, byte) in bytes.enumerated() { words[offset / 8] = words[offset / 8] << 8 | UInt64(byte) }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// - Parameter bytes: 32 bytes, written by OpenSSL.
    fileprivate init(raw bytes: UnsafeRawBufferPointer) {
        words = (
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 16, as: UInt64.self)),
            UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 24, as: UInt64.self))
        )
    }

    /// The 32 bytes, as `bytea` columns hold them.
    package var bytes: [UInt8] {
        var output: [UInt8] = []
        output.reserveCapacity(32)
        for word in [words.0, words.1, words.2, words.3] {
            for shift in stride(from: 56, through: 0, by: -8) {
                output.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        return output
    }

    /// Sixty-four lower-case hexadecimal digits.
    package var hexadecimal: String { Hexadecimal.encode(bytes) }

    /// Compares in a time that does not depend on where the two differ.
    package func isEqual(toUntrusted other: Digest256) -> Bool {
        let difference =
            (words.0 ^ other.words.0) | (words.1 ^ other.words.1) | (words.2 ^ other.words.2)
            | (words.3 ^ other.words.3)
        return difference == 0
    }

    package static func == (left: Digest256, right: Digest256) -> Bool { left.isEqual(toUntrusted: right) }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }
}

/// SHA-256 (FIPS 180-4).
package enum SHA256 {
    package static func digest(_ bytes: some Sequence<UInt8>) -> Digest256 {
        let hashed: Digest256? = bytes.withContiguousStorageIfAvailable { digest(buffer: UnsafeRawBufferPointer($0)) }
        return hashed ?? Array(bytes).withUnsafeBytes { digest(buffer: $0) }
    }

    package static func digest(_ text: String) -> Digest256 { digest(text.utf8) }

    private static func digest(buffer: UnsafeRawBufferPointer) -> Digest256 {
        withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            _ = COpenSSL.SHA256(buffer.baseAddress, buffer.count, output.baseAddress)
            return Digest256(raw: UnsafeRawBufferPointer(output))
        }
    }
}

/// HMAC with SHA-256 (RFC 2104).
package enum HMACSHA256 {
    package static func tag(of message: some Sequence<UInt8>, key: [UInt8]) -> Digest256 {
        let message = Array(message)
        return withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            var length: UInt32 = 0
            _ = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, output.baseAddress, &length)
            return Digest256(raw: UnsafeRawBufferPointer(output))
        }
    }
}

/// Comparison of secrets of any length.
package enum ConstantTime {
    /// The time depends on the lengths only, which are not secret.
    package static func areEqual(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return CRYPTO_memcmp(Array(left), Array(right), left.count) == 0
    }
}
