/// What a series consists of. The raw values stand in chunks: never change one.
package enum ValueKind: UInt8, CaseIterable, Sendable {
    /// IEEE 754 binary64, kept to the bit: NaN payloads, −0, infinities, subnormals.
    case float64 = 1
    /// IEEE 754 binary32, kept to the bit.
    case float32 = 2
    case integer = 3
    case boolean = 4
    /// UTF-8 by dictionary.
    case text = 5
    /// JSON texts by dictionary; their bytes are kept as they are.
    case json = 6
}
