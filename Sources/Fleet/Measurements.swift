import JSON
import Kernel

/// Measurements read from a CSV file: the first column the time, every other one a datapoint.
package struct Measurements: Sendable {
    package struct Row: Sendable {
        package var time: Timestamp
        package var values: [(key: String, value: JSONValue)]

        package var message: JSONValue {
            let values = JSONObject(uniqueMembers: values.map { ($0.key, $0.value) })
            return ["ts": .integer(time.milliseconds), "values": .object(values)]
        }
    }

    package let keys: [String]
    package let rows: [Row]

    /// Why a file cannot be read: every faulty line, the first twenty of them.
    package struct Fault: Error, CustomStringConvertible {
        package let description: String
    }

    /// Parses RFC 4180 text with a header line.
    /// - Parameter names: Datapoint names for columns, by column title; the others are named after their titles: "Water
    ///   flow [l/s]" becomes `water_flow`.
    package init(csv text: String, names: [String: String] = [:]) throws(Fault) {
        var lines = Self.records(text)
        guard let header = lines.first, header.count >= 2 else {
            throw Fault(description: "the first line must name a time column and at least one more")
        }
        lines.removeFirst()
        let keys = header.dropFirst().map { names[$0] ?? Self.key(of: $0) }
        var (rows, faults): ([Row], [String]) = ([], [])
        for (number, fields) in lines.enumerated() where fields != [""] {
            guard fields.count == header.count, let time = Timestamp(rfc3339: fields[0]) else {
                faults.append("line \(number + 2): needs \(header.count) columns and an RFC 3339 time first")
                continue
            }
            let values = zip(keys, fields.dropFirst()).compactMap { key, field in
                field.isEmpty ? nil : (key: key, value: Double(field).map(JSONValue.number) ?? .string(field))
            }
            if !values.isEmpty { rows.append(Row(time: time, values: values)) }
        }
        guard faults.isEmpty else { throw Fault(description: faults.prefix(20).joined(separator: "\n")) }
        self.keys = keys
        self.rows = rows
    }

    static func key(of title: String) -> String {
        let unitless = title.prefix { $0 != "[" && $0 != "(" }
        let words = unitless.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        return words.isEmpty ? "value" : words.joined(separator: "_")
    }

    /// RFC 4180, section 2: quoted fields may hold commas, line breaks and doubled quotes.
    private static func records(_ csv: String) -> [[String]] {
        var (records, record, field): ([[String]], [String], [UInt8]) = ([], [], [])
        var isQuoted = false
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let bytes = Array(csv.utf8)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if isQuoted {
                if byte != UInt8(ascii: "\"") {
                    field.append(byte)
                } else if index < bytes.count, bytes[index] == byte {
                    field.append(byte)
                    index += 1
                } else {
                    isQuoted = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\"") where field.isEmpty: isQuoted = true
            case UInt8(ascii: ","):
                record.append(text(field))
                field = []
            case UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\n"):
                records.append(record + [text(field)])
                (record, field) = ([], [])
            default: field.append(byte)
            }
        }
        if !field.isEmpty || !record.isEmpty { records.append(record + [text(field)]) }
        return records
    }
}
