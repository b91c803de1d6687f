import Kernel

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Whose tokens are counted.
package enum RateSubject: Hashable, Sendable {
    case organization(OrganizationID)
    case user(UserID)
    case apiKey(APIKeyID)
    case device(DeviceID)
    case address(AddressBlock)
}

/// An address as far as it tells clients apart: IPv4 whole, IPv6 by its first 64 bits, which one subscriber holds.
package struct AddressBlock: Hashable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// - Parameter text: an IPv4 or IPv6 address, without port. All that is neither shares one block.
    package init(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            high = 0
            low = Self.mapped | UInt64(UInt32(bigEndian: four.s_addr))
        } else if inet_pton(AF_INET6, text.prefix { $0 != "%" }.description, &six) == 1 {
            let (front, back) = withUnsafeBytes(of: &six) {
                (
                    UInt64(bigEndian: $0.load(as: UInt64.self)),
                    UInt64(bigEndian: $0.load(fromByteOffset: 8, as: UInt64.self))
                )
            }
            let isMapped = front == 0 && back >> 32 == 0xffff
            high = front
            low = isMapped ? back : 0
        } else {
            high = .max
            low = .max
        }
    }

    /// `::ffff:0:0/96`: the same client over IPv4 and over a mapped IPv6 socket is one.
    private static let mapped: UInt64 = 0xffff << 32
}
