/// One SQL statement with its parameters.
///
/// Written as a literal: `"select name from app.devices where id = \(id) /* devices.find */"`. The literal parts can only
/// be compile-time constants, and an interpolated value always becomes a bind parameter, so no value can turn into SQL.
/// Fragments are joined with `+` or by interpolating an `SQL`.
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    var pieces: [Piece]
    package internal(set) var binds: PostgresBinds

    /// A constant, and whether a parameter follows it.
    struct Piece: Sendable {
        let literal: StaticString
        let isFollowedByBind: Bool
    }

    package init(stringLiteral literal: StaticString) {
        pieces = [Piece(literal: literal, isFollowedByBind: false)]
        binds = PostgresBinds()
    }

    package init(_ literal: StaticString) { self.init(stringLiteral: literal) }

    package init(stringInterpolation interpolation: StringInterpolation) {
        pieces = interpolation.pieces
        binds = interpolation.binds
        if let rest = interpolation.open { pieces.append(Piece(literal: rest, isFollowedByBind: false)) }
    }

    /// No text at all: the start of a composition.
    package static let empty: SQL = ""

    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum += right
        return sum
    }

    package static func += (left: inout SQL, right: SQL) {
        left.pieces.append(contentsOf: right.pieces)
        left.binds.append(right.binds)
    }

    /// The text with `$1`, `$2` … in place of the parameters.
    package var text: String {
        var text = ""
        var number = 0
        for piece in pieces {
            piece.literal.withUTF8Buffer { text += String(decoding: $0, as: UTF8.self) }
            if piece.isFollowedByBind {
                number += 1
                text += "$\(number)"
            }
        }
        return text
    }

    package struct StringInterpolation: StringInterpolationProtocol, Sendable {
        package typealias StringLiteralType = StaticString

        var pieces: [Piece] = []
        var binds = PostgresBinds()
        /// A literal that waits to learn whether a parameter follows.
        var open: StaticString?

        package init(literalCapacity: Int, interpolationCount: Int) {
            pieces.reserveCapacity(interpolationCount + 1)
            binds.reserve(interpolationCount)
        }

        package mutating func appendLiteral(_ literal: StaticString) {
            if let open { pieces.append(Piece(literal: open, isFollowedByBind: false)) }
            open = literal
        }

        package mutating func appendInterpolation<T: PostgresEncodable>(_ value: T) {
            binds.append(value)
            placeholder()
        }

        /// Nil is NULL.
        package mutating func appendInterpolation<T: PostgresEncodable>(_ value: T?) {
            binds.append(value)
            placeholder()
        }

        package mutating func appendInterpolation<T>(_ array: PostgresArrayBuilder<T>) {
            binds.append(encoded: array.encoded(), oid: T.postgresType.arrayOID)
            placeholder()
        }

        /// Puts a fragment in this place, parameters included.
        package mutating func appendInterpolation(_ fragment: SQL) {
            if let open { pieces.append(Piece(literal: open, isFollowedByBind: false)) }
            open = nil
            pieces.append(contentsOf: fragment.pieces)
            binds.append(fragment.binds)
        }

        private mutating func placeholder() {
            pieces.append(Piece(literal: open ?? "", isFollowedByBind: true))
            open = nil
        }
    }
}

/// Constants are the same when they lie at the same address: a statement is recognised without building its text.
extension SQL.Piece: Hashable {
    static func == (left: Self, right: Self) -> Bool {
        left.address == right.address && left.isFollowedByBind == right.isFollowedByBind
            && left.literal.utf8CodeUnitCount == right.literal.utf8CodeUnitCount
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(address)
        hasher.combine(isFollowedByBind)
    }

    private var address: UInt {
        literal.hasPointerRepresentation
            ? UInt(bitPattern: literal.utf8Start) : UInt(literal.unicodeScalar.value)
    }
}

/// What a prepared statement is found by: its text and the types of its parameters.
struct StatementKey: Hashable {
    let pieces: [SQL.Piece]
    let oids: [UInt32]

    init(_ sql: SQL) {
        pieces = sql.pieces
        oids = sql.binds.oids
    }
}
