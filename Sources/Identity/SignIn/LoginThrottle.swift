import Kernel
import Secrets

/// Which failures are counted together, and how many are too many (S6).
///
/// An account is counted under the name that was typed, whether it exists or not, so that the answer tells nothing. The
/// account together with the address is the narrow bucket; the wide ones stop guessing from many addresses and of many
/// accounts, at limits that one person who mistypes does not reach.
struct LoginThrottle: Sendable {
    static let windowSeconds = 900
    static let lockSeconds = 30
    /// Failures in a window before each of ``buckets(email:address:)`` is locked.
    static let limits: [Int32] = [5, 50, 100]

    /// Keyed, so that a copy of the table does not let addresses be tried out.
    private let key: [UInt8]

    init(key: [UInt8]) { self.key = key }

    /// Account with address, account, address.
    func buckets(email: String, address: String) -> [[UInt8]] {
        let account = email.lowercased()
        let network = AddressRange.network(of: address)
        return ["pair\u{0}\(account)\u{0}\(network)", "account\u{0}\(account)", "address\u{0}\(network)"].map { name in
            HMACSHA256.tag(of: name.utf8, key: key).bytes
        }
    }

    /// What a success forgets: not the address, or one good account would cover the guessing of others.
    func forgiven(_ buckets: [[UInt8]]) -> [[UInt8]] { Array(buckets.prefix(2)) }
}
