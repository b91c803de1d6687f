import PostgresClient

/// Questions about addresses and networks in text form.
package enum AddressRange {
    /// Whether one of the networks holds the address. An IPv4 address mapped into IPv6 counts as IPv4.
    package static func contains(_ networks: [String], _ address: String) -> Bool {
        guard let address = PostgresInet(address) else { return false }
        let bytes = unmapped(address.address)
        return networks.contains { network in
            guard let network = PostgresInet(network), network.address.count == bytes.count else { return false }
            return sharesPrefix(bytes, network.address, Int(network.prefixLength))
        }
    }

    /// What one subscriber holds: an IPv4 address, or the first 64 bits of an IPv6 address.
    static func network(of address: String) -> String {
        guard let parsed = PostgresInet(address) else { return address }
        let bytes = unmapped(parsed.address)
        return (bytes.count == 16 ? bytes.prefix(8) : bytes[...]).map(String.init).joined(separator: ".")
    }

    /// Whether a text is a network without bits beyond its prefix, as `cidr` columns demand.
    package static func isNetwork(_ text: String) -> Bool {
        guard let network = PostgresInet(text) else { return false }
        let bits = network.address.count * 8
        return (Int(network.prefixLength)..<bits).allSatisfy { bit in
            network.address[bit / 8] & (0x80 >> (bit % 8)) == 0
        }
    }

    private static func unmapped(_ bytes: [UInt8]) -> [UInt8] {
        let isMapped =
            bytes.count == 16 && bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
        return isMapped ? Array(bytes[12...]) : bytes
    }

    private static func sharesPrefix(_ left: [UInt8], _ right: [UInt8], _ bits: Int) -> Bool {
        (0..<bits).allSatisfy { bit in (left[bit / 8] ^ right[bit / 8]) & (0x80 >> (bit % 8)) == 0 }
    }
}
