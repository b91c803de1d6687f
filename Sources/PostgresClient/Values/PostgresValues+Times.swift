/// A `timestamptz`: microseconds since 1970-01-01T00:00:00Z. `.max` and `.min` are `infinity` and `-infinity`.
package struct PostgresTimestamp: Sendable, Hashable, Comparable {
    package let microseconds: Int64
    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// PostgreSQL counts from 2000-01-01.
    static let epoch: Int64 = 946_684_800_000_000
}

extension PostgresTimestamp: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .timestamptz }

    package func encode(into buffer: inout PostgresBuffer) {
        let (value, overflow) = microseconds.subtractingReportingOverflow(Self.epoch)
        buffer.append(microseconds == .max ? .max : overflow ? .min : value)
    }

    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        guard cell.oid == PostgresType.timestamptz.oid || cell.oid == PostgresType.timestamp.oid else {
            throw cell.mismatch("timestamptz")
        }
        let raw = try cell.whole(as: Int64.self)
        if raw == .max || raw == .min {
            microseconds = raw
        } else {
            let (value, overflow) = raw.addingReportingOverflow(Self.epoch)
            guard !overflow else { throw PostgresCellFault("a time beyond the range") }
            microseconds = value
        }
    }
}

/// A `date`: days since 1970-01-01 in the proleptic Gregorian calendar. `.max` and `.min` are `infinity` and `-infinity`.
package struct PostgresDate: Sendable, Hashable, Comparable {
    package let days: Int32
    package init(days: Int32) { self.days = days }
    package static func < (left: Self, right: Self) -> Bool { left.days < right.days }

    private static let epoch: Int32 = 10_957
}

extension PostgresDate: PostgresEncodable, PostgresDecodable {
    package static var postgresType: PostgresType { .date }

    package func encode(into buffer: inout PostgresBuffer) {
        let (value, overflow) = days.subtractingReportingOverflow(Self.epoch)
        buffer.append(days == .max ? .max : overflow ? .min : value)
    }

    package init(from cell: PostgresCell) throws(PostgresCellFault) {
        try cell.require(.date)
        let raw = try cell.whole(as: Int32.self)
        if raw == .max || raw == .min {
            days = raw
        } else {
            let (value, overflow) = raw.addingReportingOverflow(Self.epoch)
            guard !overflow else { throw PostgresCellFault("a date beyond the range") }
            days = value
        }
    }
}
