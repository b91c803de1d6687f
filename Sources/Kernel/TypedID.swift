import Foundation
import JSON

/// An id that knows what it identifies, so that a device's cannot be passed where a site's is meant.
///
/// Version 7 UUIDs (RFC 9562, section 5.7): they sort by the time of their making, which keeps index pages hot.
public struct TypedID<Subject>: Hashable, Sendable, Comparable {
    package let uuid: UUID

    package init(_ uuid: UUID) { self.uuid = uuid }

    /// A new id.
    package init(at time: Timestamp, using generator: inout some RandomNumberGenerator) {
        let milliseconds = UInt64(bitPattern: time.milliseconds)
        let high = milliseconds << 16 | 0x7000 | generator.next() & 0xFFF
        let low = 0x8000_0000_0000_0000 | generator.next() & 0x3FFF_FFFF_FFFF_FFFF
        self.init(high: high, low: low)
    }

    /// A new id of the current time.
    package static func make() -> Self {
        var generator = BufferedRandomNumberGenerator()
        return Self(at: Timestamp.now(), using: &generator)
    }

    /// The canonical text form, in either case; nil for anything else.
    package init?(_ text: String) {
        var text = text
        guard let halves = text.withUTF8(canonicalUUID) else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    /// As ``init(_:)-(String)``, from ASCII.
    package init?(ascii text: UnsafeBufferPointer<UInt8>) {
        guard let halves = canonicalUUID(text) else { return nil }
        self.init(high: halves.high, low: halves.low)
    }

    private init(high: UInt64, low: UInt64) {
        var bytes: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &bytes) {
            $0.storeBytes(of: high.bigEndian, as: UInt64.self)
            $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        self.init(UUID(uuid: bytes))
    }

    private var halves: (high: UInt64, low: UInt64) {
        withUnsafeBytes(of: uuid.uuid) {
            (
                UInt64(bigEndian: $0.load(as: UInt64.self)),
                UInt64(bigEndian: $0.load(fromByteOffset: 8, as: UInt64.self))
            )
        }
    }

    /// In the order of the bytes, as PostgreSQL compares.
    public static func < (left: Self, right: Self) -> Bool { left.halves < right.halves }

    /// The canonical text in lower case, appended as ASCII.
    package func append(to bytes: inout [UInt8]) {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 36) { text in
            var end = 0
            withUnsafeBytes(of: uuid.uuid) { raw in
                for (position, byte) in raw.enumerated() {
                    if position == 4 || position == 6 || position == 8 || position == 10 {
                        text[end] = UInt8(ascii: "-")
                        end += 1
                    }
                    text[end] = hexDigit(byte >> 4)
                    text[end + 1] = hexDigit(byte & 15)
                    end += 2
                }
            }
            bytes.append(contentsOf: text)
        }
    }
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

extension TypedID: CustomStringConvertible, JSONWritable {
    /// The canonical text in lower case.
    public var description: String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(36)
        append(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    package func write(to json: inout JSONWriter) { json.plainString(append(to:)) }
}

/// The 16 bytes behind 8-4-4-4-12 hexadecimal digits. Not generic: an id is read with every request, a list has hundreds.
private func canonicalUUID(_ text: UnsafeBufferPointer<UInt8>) -> (high: UInt64, low: UInt64)? {
    guard text.count == 36 else { return nil }
    var (high, low, digits) = (UInt64(0), UInt64(0), 0)
    for position in 0..<36 {
        let byte = text[position]
        if position == 8 || position == 13 || position == 18 || position == 23 {
            guard byte == UInt8(ascii: "-") else { return nil }
            continue
        }
        let digit: UInt8
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
        default: return nil
        }
        if digits < 16 { high = high << 4 | UInt64(digit) } else { low = low << 4 | UInt64(digit) }
        digits += 1
    }
    return (high, low)
}
