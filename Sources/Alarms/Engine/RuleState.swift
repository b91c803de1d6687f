import FoundationEssentials
import Kernel

/// What a rule remembers about one source between values. ``idle`` needs no row.
package enum RuleState: Hashable, Sendable {
    case idle
    /// The condition holds, but not long enough yet.
    case pending(since: Timestamp, ruleVersion: Int32)
    case open(OpenAlarm)

    package struct OpenAlarm: Hashable, Sendable {
        package var id: AlarmID
        /// The first value of the latest run in which the condition held.
        package var since: Timestamp
        package var occurrences: Int32
        /// Whether the condition held for the latest value.
        package var isMet: Bool
        /// The version that the latest run began under.
        package var ruleVersion: Int32

        package init(id: AlarmID, since: Timestamp, occurrences: Int32 = 1, isMet: Bool = true, ruleVersion: Int32) {
            self.id = id
            self.since = since
            self.occurrences = occurrences
            self.isMet = isMet
            self.ruleVersion = ruleVersion
        }
    }

    package var openAlarmID: AlarmID? {
        if case .open(let alarm) = self { alarm.id } else { nil }
    }

    /// The state after somebody else cleared the alarm. While the condition holds, the run goes on: the next value that
    /// meets the condition raises a new alarm.
    package mutating func alarmWasCleared(_ id: AlarmID) {
        guard case .open(let alarm) = self, alarm.id == id else { return }
        self = alarm.isMet ? .pending(since: alarm.since, ruleVersion: alarm.ruleVersion) : .idle
    }
}

// MARK: - Bytes for `rule_states.state`

extension RuleState {
    /// One byte of format, one of kind, then little-endian fields. Old formats stay readable.
    private static let format: UInt8 = 1
    private enum Kind: UInt8 { case idle, pending, open }

    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.format]
        switch self {
        case .idle: bytes.append(Kind.idle.rawValue)
        case .pending(let since, let ruleVersion):
            bytes.append(Kind.pending.rawValue)
            bytes.append(littleEndian: since.microseconds)
            bytes.append(littleEndian: ruleVersion)
        case .open(let alarm):
            bytes.append(Kind.open.rawValue)
            withUnsafeBytes(of: alarm.id.uuid.uuid) { bytes.append(contentsOf: $0) }
            bytes.append(littleEndian: alarm.since.microseconds)
            bytes.append(littleEndian: alarm.occurrences)
            bytes.append(alarm.isMet ? 1 : 0)
            bytes.append(littleEndian: alarm.ruleVersion)
        }
        return bytes
    }

    /// Nil when the bytes are of no format that this version knows.
    package init?(encoded bytes: some Collection<UInt8>) {
        var rest = FieldReader(bytes: Array(bytes)[...])
        guard rest.byte() == Self.format, let kind = rest.byte().flatMap(Kind.init) else { return nil }
        switch kind {
        case .idle: self = .idle
        case .pending:
            guard let since = rest.integer(Int64.self), let version = rest.integer(Int32.self) else { return nil }
            self = .pending(since: Timestamp(microseconds: since), ruleVersion: version)
        case .open:
            guard let id = rest.alarmID(), let since = rest.integer(Int64.self),
                let occurrences = rest.integer(Int32.self),
                let isMet = rest.byte(), isMet <= 1, let version = rest.integer(Int32.self)
            else { return nil }
            self = .open(
                OpenAlarm(
                    id: id, since: Timestamp(microseconds: since), occurrences: occurrences, isMet: isMet == 1,
                    ruleVersion: version))
        }
        guard rest.isAtEnd else { return nil }
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

private struct FieldReader {
    var bytes: ArraySlice<UInt8>

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8? { bytes.popFirst() }

    mutating func integer<Value: FixedWidthInteger>(_: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count >= size else { return nil }
        var value: Value = 0
        for byte in bytes.prefix(size).reversed() { value = value << 8 | Value(byte) }
        bytes = bytes.dropFirst(size)
        return value
    }

    mutating func alarmID() -> AlarmID? {
        guard bytes.count >= 16 else { return nil }
        var uuid: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &uuid) { $0.copyBytes(from: bytes.prefix(16)) }
        bytes = bytes.dropFirst(16)
        return AlarmID(UUID(uuid: uuid))
    }
}
