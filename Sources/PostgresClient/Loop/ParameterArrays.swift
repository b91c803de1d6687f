import CPostgres

/// The C arrays in which libpq takes parameters; kept and refilled for each statement.
struct ParameterArrays {
    private var values: [UnsafePointer<CChar>?] = []
    private var formats: [Int32] = []

    /// One byte that is never written to and lives for ever: the address of an empty value, since a null pointer is NULL.
    private nonisolated(unsafe) static let emptyValue: UnsafePointer<CChar> = {
        let byte = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
        byte.initialize(to: 0)
        return UnsafePointer(byte)
    }()

    mutating func with<T>(
        _ binds: PostgresBinds,
        _ body: (Int32, UnsafePointer<UnsafePointer<CChar>?>, UnsafePointer<Int32>, UnsafePointer<Int32>) -> T
    ) -> T {
        let count = binds.count
        while values.count < count {
            values.append(nil)
            formats.append(1)
        }
        return binds.buffer.bytes.withUnsafeBytes { bytes in
            var offset = 0
            for index in 0..<count {
                let length = Int(binds.lengths[index])
                if length > 0 {
                    values[index] = bytes.baseAddress.map { ($0 + offset).assumingMemoryBound(to: CChar.self) }
                    offset += length
                } else {
                    values[index] = length == 0 ? Self.emptyValue : nil
                }
            }
            return body(Int32(count), values, binds.lengths, formats)
        }
    }
}
