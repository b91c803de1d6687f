/// A line of comma-separated values (RFC 4180).
///
/// What a spreadsheet would take for a formula gets an apostrophe in front, so that opening an export runs nothing that a
/// stranger wrote (S12). Numbers are written as they are, negative ones, too.
struct CSVRow: Sendable {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ value: String) {
        separate()
        let first = value.unicodeScalars.first { $0 != " " }
        let isFormula = first.map { "=+-@\t\r\n＝＋－＠".unicodeScalars.contains($0) } ?? false
        let isQuoted = isFormula || value.utf8.contains { [0x2C, 0x22, 0x0A, 0x0D].contains($0) }
        guard isQuoted else { return bytes.append(contentsOf: value.utf8) }
        bytes.append(UInt8(ascii: "\""))
        if isFormula { bytes.append(UInt8(ascii: "'")) }
        for byte in value.utf8 {
            if byte == UInt8(ascii: "\"") { bytes.append(byte) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func number(_ value: some BinaryInteger) {
        separate()
        bytes.append(contentsOf: String(value).utf8)
    }

    mutating func end() {
        bytes.append(contentsOf: "\r\n".utf8)
        isFirst = true
    }

    private var isFirst = true

    private mutating func separate() {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        isFirst = false
    }
}
