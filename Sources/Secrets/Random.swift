import COpenSSL

/// Where random bytes come from, passed in so that a test can hold them still.
package protocol RandomSource: Sendable {
    /// - Returns: exactly `count` bytes.
    /// - Throws: `SecretsError.libraryFailure` when the generator has no entropy; the caller must give up.
    func bytes(_ count: Int) throws(SecretsError) -> [UInt8]
}

/// OpenSSL's generator for private values, seeded by the operating system.
package struct SystemRandom: RandomSource {
    package init() {}

    package func bytes(_ count: Int) throws(SecretsError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        guard RAND_priv_bytes(&output, Int32(count)) == 1 else {
            throw .libraryFailure("RAND_priv_bytes", code: Int(ERR_get_error()))
        }
        return output
    }
}
