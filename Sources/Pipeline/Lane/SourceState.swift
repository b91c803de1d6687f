import Alarms
import Kernel
import Telemetry

/// A rule's memory of one source; idle ones are not kept.
struct RuleMemory {
    var ruleID: AlarmRuleID
    var state: RuleState
}

/// The latest value of each datapoint of a source.
///
/// Most devices send the same keys every time: then `keys` shares the keyset's storage and one time serves them all.
struct LatestValues {
    /// Ascending.
    private(set) var keys: [Int16]
    /// Unix milliseconds; empty when ``commonTime`` is the time of all.
    private var times: [Int64]
    private var commonTime: Int64
    /// NaN: the value is in ``others``.
    private(set) var numbers: [Double]
    private(set) var others: [Int16: OtherValue]

    init(keys: [Int16] = [], times: [Int64] = [], numbers: [Double] = [], others: [Int16: OtherValue] = [:]) {
        self.keys = keys
        self.numbers = numbers
        self.others = others
        commonTime = times.first ?? .min
        self.times = times.allSatisfy { $0 == times.first } ? [] : times
    }

    func time(at position: Int) -> Int64 { times.isEmpty ? commonTime : times[position] }

    /// The newest of all; `Int64.min` without values.
    var newestTime: Int64 { times.max() ?? commonTime }

    func value(at position: Int) -> AlarmValue? {
        let number = numbers[position]
        return number.isNaN ? others[keys[position]].flatMap(AlarmValue.init(other:)) : .number(number)
    }

    /// Whether a message with these keys at that time replaces everything at once.
    @inline(__always)
    func isReplaced(by newKeys: [Int16], at time: Int64) -> Bool {
        times.isEmpty && time > commonTime && (keys == newKeys || keys.isEmpty)
    }

    /// Replaces everything; `numbers` in the order of the keys. For messages of which ``isReplaced(by:at:)`` says yes.
    @inline(__always)
    mutating func replace(keys newKeys: [Int16], time: Int64, number: (Int) -> Double) {
        if keys.isEmpty {
            keys = newKeys
            numbers = newKeys.indices.map(number)
        } else {
            numbers.withUnsafeMutableBufferPointer { for position in $0.indices { $0[position] = number(position) } }
        }
        commonTime = time
    }

    mutating func set(other: OtherValue?, for key: Int16) {
        if other != nil || !others.isEmpty { others[key] = other }
    }

    /// Where the key is, and whether a value of that time would be newer than the one there.
    func find(_ key: Int16, newerThan time: Int64) -> (position: Int, exists: Bool, isNewer: Bool) {
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        let exists = low < keys.count && keys[low] == key
        return (position: low, exists: exists, isNewer: !exists || time > self.time(at: low))
    }

    /// Puts one value at a position that ``find(_:newerThan:)`` gave.
    mutating func put(key: Int16, at position: Int, exists: Bool, time: Int64, number: Double) {
        if times.isEmpty, keys.isEmpty { commonTime = time }
        if times.isEmpty, time != commonTime { times = Array(repeating: commonTime, count: keys.count) }
        if exists {
            numbers[position] = number
            if !times.isEmpty { times[position] = time }
        } else {
            keys.insert(key, at: position)
            numbers.insert(number, at: position)
            if !times.isEmpty { times.insert(time, at: position) }
        }
    }

    /// Back to one shared time when a message has brought all values to it.
    mutating func settle() {
        guard let first = times.first, times.allSatisfy({ $0 == first }) else { return }
        commonTime = first
        times = []
    }
}

extension AlarmValue {
    /// Nil for arrays and objects, which no rule can judge.
    init?(other: OtherValue) {
        switch other {
        case .boolean(let value): self = .boolean(value)
        case .text(let value): self = .text(value)
        case .json: return nil
        }
    }
}

/// What a lane keeps of one source. Always the last committed state, but while a commit is on its way.
final class SourceState {
    let source: Int32
    let deviceID: DeviceID?
    let deviceKey: String
    let deviceName: String
    var profile: SourceProfile
    var latest: LatestValues
    var memories: [RuleMemory]
    /// `received_at` of the row of latest values: the version that the next change names. Nil: no row yet.
    var version: Timestamp?
    /// The newest time among the messages that are known to be stored; Unix milliseconds.
    var newestStored: Int64
    /// The last time given to a message that brought none; Unix milliseconds.
    var lastGiven: Int64 = .min
    var seenAt: Timestamp?
    var isOnline: Bool
    /// Number of the latest group commit that this source is part of, and its place among the changed ones there.
    var mark: Int = 0
    var hasChanged = false

    init(_ loaded: LoadedSource, profile: SourceProfile) {
        source = loaded.source
        deviceID = loaded.deviceID
        deviceKey = loaded.deviceKey
        deviceName = loaded.deviceName
        self.profile = profile
        latest = loaded.latest
        memories = loaded.ruleStates
        version = loaded.receivedAt
        newestStored = loaded.latest.newestTime
        seenAt = loaded.seenAt
        isOnline = loaded.isOnline
    }

    func memory(of rule: AlarmRuleID) -> RuleState { memories.first { $0.ruleID == rule }?.state ?? .idle }

    func remember(_ state: RuleState, of rule: AlarmRuleID) {
        let position = memories.firstIndex { $0.ruleID == rule }
        switch (position, state) {
        case (let position?, .idle): memories.remove(at: position)
        case (let position?, _): memories[position].state = state
        case (nil, .idle): break
        case (nil, _): memories.append(RuleMemory(ruleID: rule, state: state))
        }
    }
}
