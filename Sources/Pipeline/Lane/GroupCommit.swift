import Alarms
import FoundationEssentials
import JSON
import Kernel
import PostgresClient
import Telemetry

/// Everything that a lane decided about a run of messages, in the form of the one statement that stores it. Confined to
/// its lane, which fills and empties it again and again.
final class GroupCommit {
    // Messages.
    private let values = BinaryColumn<Doubles>(bytes: 1 << 16)
    private let qualities = BinaryColumn<SmallIntegers>()
    private let sources = BinaryColumn<Integers>()
    private let keysets = BinaryColumn<Integers>()
    private let times = BinaryColumn<Instants>()
    private let delays = BinaryColumn<Integers>()
    private let provenances = BinaryColumn<SmallIntegers>()
    private let starts = BinaryColumn<Integers>()
    private let counts = BinaryColumn<Integers>()
    private let documents = BinaryColumn<Documents>()
    private var hasQualities = false
    private var hasDocuments = false
    // Latest values.
    private let latestKeys = BinaryColumn<SmallIntegers>()
    private let latestTimes = BinaryColumn<BigIntegers>()
    private let latestValues = BinaryColumn<Doubles>()
    private let latestSources = BinaryColumn<Integers>()
    private let latestExpected = BinaryColumn<Instants>()
    private let latestReceived = BinaryColumn<Instants>()
    private let latestStarts = BinaryColumn<Integers>()
    private let latestCounts = BinaryColumn<Integers>()
    private let latestDocuments = BinaryColumn<Documents>()
    private var hasLatestDocuments = false
    // Rules.
    private let stateRules = BinaryColumn<UUIDs>()
    private let stateSources = BinaryColumn<Integers>()
    private let stateVersions = BinaryColumn<Integers>()
    private let states = BinaryColumn<ByteStrings>()

    /// For each message its position in the lane's work.
    var positions: [Int] = []
    /// None of the messages is expected to be stored already.
    var isFresh = true
    /// The sources whose latest values changed, each once.
    var changed: [SourceState] = []
    /// Rules whose memory changed, in no order.
    var changedMemories: [ChangedMemory: Int32] = [:]
    var transitions: [AlarmTransition] = []
    var seen: [Presence] = []

    struct ChangedMemory: Hashable {
        let source: Int32
        let ruleID: AlarmRuleID
    }

    struct Presence {
        let state: SourceState
        let at: Timestamp
        let wasOnline: Bool
    }

    var messageCount: Int { Int(sources.count) }

    func removeAll() {
        values.removeAll()
        qualities.removeAll()
        for column in [sources, keysets, delays, starts, counts] { column.removeAll() }
        times.removeAll()
        provenances.removeAll()
        documents.removeAll()
        latestKeys.removeAll()
        latestTimes.removeAll()
        latestValues.removeAll()
        for column in [latestSources, latestStarts, latestCounts] { column.removeAll() }
        latestExpected.removeAll()
        latestReceived.removeAll()
        latestDocuments.removeAll()
        stateRules.removeAll()
        stateSources.removeAll()
        stateVersions.removeAll()
        states.removeAll()
        (hasQualities, hasDocuments, hasLatestDocuments, isFresh) = (false, false, false, true)
        positions.removeAll(keepingCapacity: true)
        changed.removeAll(keepingCapacity: true)
        changedMemories.removeAll(keepingCapacity: true)
        transitions.removeAll(keepingCapacity: true)
        seen.removeAll(keepingCapacity: true)
    }

    /// Adds one message. `time` in Unix milliseconds.
    func append(
        source: Int32, keyset: Keyset, time: Int64, receivedAt: Timestamp, provenance: MessageProvenance,
        batch: MessageBatch, firstValue: Int
    ) {
        sources.append(source)
        keysets.append(keyset.number)
        times.append(microseconds: time * 1000)
        delays.append(Int32(clamping: receivedAt.milliseconds - time))
        provenances.append(provenance.stored)
        starts.append(values.count)
        counts.append(Int32(truncatingIfNeeded: keyset.keyNumbers.count))
        for position in keyset.sentPositions { values.append(batch.values[firstValue + Int(position)]) }
        if hasQualities || !batch.qualities.isEmpty { appendQualities(keyset, batch, firstValue) }
        if hasDocuments || !batch.others.isEmpty { appendDocument(keyset, batch, firstValue) }
    }

    private func appendQualities(_ keyset: Keyset, _ batch: MessageBatch, _ firstValue: Int) {
        hasQualities = true
        let before = values.count - Int32(truncatingIfNeeded: keyset.keyNumbers.count)
        while qualities.count < before { qualities.append(Int16(0)) }
        for position in keyset.sentPositions {
            qualities.append(Int16(batch.quality(at: firstValue + Int(position)).rawValue))
        }
    }

    private func appendDocument(_ keyset: Keyset, _ batch: MessageBatch, _ firstValue: Int) {
        hasDocuments = true
        while documents.count < sources.count - 1 { documents.appendNull() }
        var members: [(key: Int16, value: OtherValue)] = []
        for (key, position) in zip(keyset.keyNumbers, keyset.sentPositions) {
            if let other = batch.other(at: firstValue + Int(position)) { members.append((key: key, value: other)) }
        }
        if members.isEmpty { documents.appendNull() } else { documents.append(document: Self.document(members)) }
    }

    /// `{"12": true, "13": "text"}`
    private static func document(_ members: some Sequence<(key: Int16, value: OtherValue)>) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            for (key, value) in members {
                json.name(named: String(key))
                json.value(value)
            }
        }
        return json.bytes
    }

    /// Called once all messages are in: adds the final state of what they changed.
    func complete() {
        for state in changed {
            let latest = state.latest
            latestSources.append(state.source)
            latestStarts.append(latestKeys.count)
            latestCounts.append(Int32(truncatingIfNeeded: latest.keys.count))
            for position in latest.keys.indices {
                latestKeys.append(latest.keys[position])
                latestTimes.append(latest.time(at: position))
                latestValues.append(latest.numbers[position])
            }
            if hasLatestDocuments || !latest.others.isEmpty {
                hasLatestDocuments = true
                while latestDocuments.count < latestSources.count - 1 { latestDocuments.appendNull() }
                if latest.others.isEmpty {
                    latestDocuments.appendNull()
                } else {
                    let members = latest.others.map { (key: $0.key, value: $0.value) }
                    latestDocuments.append(document: Self.document(members))
                }
            }
        }
    }

    /// Names the row that a source's change is based on, and the one that it becomes. In the order of ``changed``.
    func appendVersion(expected: Timestamp?, received: Timestamp) {
        if let expected {
            latestExpected.append(microseconds: expected.microseconds)
        } else {
            latestExpected.appendNull()
        }
        latestReceived.append(microseconds: received.microseconds)
    }

    func append(state: RuleState, of memory: ChangedMemory, ruleVersion: Int32) {
        stateRules.append(uuid: memory.ruleID.uuid)
        stateSources.append(memory.source)
        stateVersions.append(ruleVersion)
        if state == .idle { states.appendNull() } else { states.append(bytes: state.encoded) }
    }

    var statement: SQL {
        let rare = rareDocument
        return """
            select duplicates, raised, cleared from app.ingest(
                row(\(values.sealed()), \(qualities.sealed()), \(latestKeys.sealed()), \(latestTimes.sealed()),
                    \(latestValues.sealed()))::app.ingest_values,
                \(isFresh), \(sources.sealed()), \(keysets.sealed()), \(times.sealed()), \(delays.sealed()),
                \(provenances.sealed()), \(starts.sealed()), \(counts.sealed()), \(documents.sealed()),
                \(latestSources.sealed()), \(latestExpected.sealed()), \(latestReceived.sealed()),
                \(latestStarts.sealed()), \(latestCounts.sealed()), \(latestDocuments.sealed()),
                \(stateRules.sealed()), \(stateSources.sealed()), \(stateVersions.sealed()), \(states.sealed()),
                '{}', \(rare)) /* pipeline.ingest */
            """
    }
}
