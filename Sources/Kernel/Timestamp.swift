#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An instant: microseconds since 1970-01-01T00:00:00Z, without leap seconds. PostgreSQL keeps the same precision.
package struct Timestamp: Hashable, Comparable, Sendable {
    package var microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package init(milliseconds: Int64) { self.microseconds = milliseconds * 1000 }

    /// Milliseconds since 1970, rounded down.
    package var milliseconds: Int64 { Self.floorDivide(microseconds, 1000) }

    /// What the system clock says. Code whose result depends on the time takes a ``WallClock`` instead.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
    }

    /// The years that RFC 3339 can write.
    package static let earliest = Timestamp(microseconds: -62_167_219_200_000_000)
    package static let latest = Timestamp(microseconds: 253_402_300_799_999_999)

    package static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    package static func + (time: Timestamp, span: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds + span.wholeMicroseconds)
    }

    package static func - (time: Timestamp, span: Duration) -> Timestamp {
        Timestamp(microseconds: time.microseconds - span.wholeMicroseconds)
    }

    package static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    static func floorDivide(_ value: Int64, _ divisor: Int64) -> Int64 {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

extension Duration {
    /// Truncated towards zero.
    package var wholeMicroseconds: Int64 {
        components.seconds * 1_000_000 + components.attoseconds / 1_000_000_000_000
    }

    package var wholeMilliseconds: Int64 { wholeMicroseconds / 1000 }
}

/// Where the time comes from, so that a test can hold it still.
package protocol WallClock: Sendable {
    func now() -> Timestamp
}

package struct SystemClock: WallClock {
    package init() {}
    package func now() -> Timestamp { Timestamp.now() }
}
