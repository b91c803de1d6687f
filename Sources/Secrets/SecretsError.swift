/// What can go wrong in this module. No case carries secret material, so every one may be logged.
package enum SecretsError: Error, Equatable {
    /// The queue of the hashing threads is full. The caller should answer 503 and ask for a retry.
    case overloaded
    /// The work was cancelled before it began.
    case cancelled
    /// A stored or configured value does not have the form it must have; the text says which.
    case malformed(String)
    /// Ciphertext, key or associated data do not belong together.
    case notAuthentic
    /// The ciphertext names a key version that the keyring does not hold.
    case unknownKeyVersion(UInt32)
    /// OpenSSL or libargon2 refused; the number is the library's own code.
    case libraryFailure(String, code: Int)
}
