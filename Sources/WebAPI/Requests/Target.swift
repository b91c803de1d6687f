import JSON
import Kernel

/// Path and query of a request target in origin form.
struct Target {
    /// Percent-decoded; an empty last one is a trailing slash.
    let segments: [String]
    let query: String

    /// Nil when the path is not valid percent-encoded UTF-8 or holds NUL.
    init?(_ text: String) {
        // Bytes, here and below: what separates is ASCII, and a search for whole characters would be the dearest part of a
        // request.
        var text = text
        let parts = text.withUTF8 { text -> (segments: [String], query: String)? in
            let end = text.firstIndex(of: UInt8(ascii: "?")) ?? text.endIndex
            var segments: [String] = []
            for segment in text[..<end].dropFirst().split(
                separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            {
                guard let decoded = Self.decode(segment, plusIsSpace: false) else { return nil }
                segments.append(decoded)
            }
            return (segments == [""] ? [] : segments, String(decoding: text[end...].dropFirst(), as: UTF8.self))
        }
        guard let parts else { return nil }
        (segments, query) = parts
    }

    /// The parameters by name; every value is a string.
    /// - Parameter known: the names that the route takes; `metadata.*` stands for all that begin with `metadata.`.
    /// - Throws: `invalid-parameter` with every one that is unknown, double or not readable.
    func parameters(known: [String]) throws(ServiceError) -> JSONObject {
        var query = query
        let (parameters, faults) = query.withUTF8 { Self.parameters($0, known: known) }
        guard faults.isEmpty else { throw .invalidParameters(faults) }
        return parameters
    }

    private static func parameters(
        _ query: UnsafeBufferPointer<UInt8>, known: [String]
    ) -> (parameters: JSONObject, faults: [FieldFault]) {
        var parameters: JSONObject = [:]
        var faults: [FieldFault] = []
        for pair in query.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = decode(parts[0], plusIsSpace: true) else {
                faults.append(FieldFault(pointer: "", detail: "a name is not percent-encoded UTF-8"))
                continue
            }
            guard known.contains(where: { $0 == name || isBelow(name, $0) }) else {
                faults.append(FieldFault(pointer: name, detail: "is not a parameter of this request"))
                continue
            }
            guard let value = parts.count == 2 ? decode(parts[1], plusIsSpace: true) : "" else {
                faults.append(FieldFault(pointer: name, detail: "is not percent-encoded UTF-8"))
                continue
            }
            if parameters[name] != nil { faults.append(FieldFault(pointer: name, detail: "is given twice")) }
            parameters[name] = .string(value)
        }
        return (parameters, faults)
    }

    /// Whether a parameter is one of a family that is known as `metadata.*`.
    private static func isBelow(_ name: String, _ known: String) -> Bool {
        known.hasSuffix(".*") && name.hasPrefix(known.dropLast()) && name.utf8.count >= known.utf8.count
    }

    private static func decode(_ text: Slice<UnsafeBufferPointer<UInt8>>, plusIsSpace: Bool) -> String? {
        let special = text.contains { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") && plusIsSpace }
        // Part of a String, split at ASCII: it is valid.
        guard special else { return String(decoding: text, as: UTF8.self) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0) else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x41 + 10
        case 0x61...0x66: byte - 0x61 + 10
        default: nil
        }
    }
}
