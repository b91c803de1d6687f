import Glibc

/// An `inet` (or, when read, `cidr`): an IPv4 or IPv6 address with an optional prefix length.
package struct PostgresInet: Sendable, Hashable {
    /// 4 or 16 bytes in network order.
    package let address: [UInt8]
    package let prefixLength: UInt8

    /// `192.0.2.1`, `2001:db8::1`, `192.0.2.0/24`. Nil for anything else; zone ids are refused.
    package init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let bytes = Self.parse(String(first)) else { return nil }
        var prefix = UInt8(bytes.count * 8)
        if parts.count == 2 {
            guard let given = UInt8(parts[1]), given <= prefix else { return nil }
            prefix = given
        }
        address = bytes
        prefixLength = prefix
    }

    private static func parse(_ text: String) -> [UInt8]? {
        let isV6 = text.utf8.contains(UInt8(ascii: ":"))
        var bytes = [UInt8](repeating: 0, count: isV6 ? 16 : 4)
        return inet_pton(isV6 ? AF_INET6 : AF_INET, text, &bytes) == 1 ? bytes : nil
    }

    /// The canonical text, with the prefix length unless it is that of a single host.
    package var text: String {
        var buffer = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN) + 1)
        let family = address.count == 16 ? AF_INET6 : AF_INET
        guard inet_ntop(family, address, &buffer, socklen_t(buffer.count)) != nil else { return "" }
        let host = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return Int(prefixLength) == address.count * 8 ? host : "\(host)/\(prefixLength)"
    }
}

extension PostgresInet: PostgresEncodable, PostgresDecodable {
    // PGSQL_AF_INET and PGSQL_AF_INET6 of utils/inet.h: the same on every platform, unlike AF_INET6.
    private static let v4: UInt8 = 2
    private static let v6: UInt8 = 3

    package static var postgresType: PostgresType { .inet }

    package func encode(into buffer: inout PostgresBuffer) {
        buffer.bytes.append(contentsOf: [
            address.count == 16 ? Self.v6 : Self.v4, prefixLength, 0, UInt8(address.count),
        ])
        buffer.bytes.append(contentsOf: address)
    }

    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        guard cell.oid == PostgresType.inet.oid || cell.oid == PostgresType.cidr.oid else {
            throw cell.mismatch("inet")
        }
        let bytes = cell.bytes
        guard bytes.count >= 8, bytes[0] == Self.v4 || bytes[0] == Self.v6 else {
            throw PostgresCellFault("a damaged address")
        }
        let width = bytes[0] == Self.v6 ? 16 : 4
        guard bytes.count == 4 + width, Int(bytes[3]) == width, Int(bytes[1]) <= width * 8 else {
            throw PostgresCellFault("a damaged address")
        }
        prefixLength = bytes[1]
        address = [UInt8](bytes[4...])
    }
}
