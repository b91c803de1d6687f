import Alarms
import FoundationEssentials
import JSON
import Kernel
import PostgresClient
import Telemetry

/// A row of `app.ingest_load`: what is stored of one source.
struct LoadedSource {
    var source: Int32
    var place: SourcePlace
    var deviceID: DeviceID?
    var deviceKey: String
    var deviceName: String
    var seenAt: Timestamp?
    var isOnline: Bool
    var receivedAt: Timestamp?
    var latest: LatestValues
    var ruleStates: [RuleMemory]

    init(from row: inout RowReader) throws {
        source = try row.next(Int32.self)
        let organizationID = OrganizationID(try row.next(UUID.self))
        let kind = try row.next(String.self)
        let subjectID = try row.next(UUID.self)
        deviceID = kind == "device" ? DeviceID(subjectID) : nil
        deviceKey = try row.next(String?.self) ?? ""
        deviceName = try row.next(String?.self) ?? ""
        place = SourcePlace(
            organizationID: organizationID, siteID: try row.next(UUID?.self).map { SiteID($0) }, modelID: nil,
            typeID: try row.next(UUID?.self).map { DeviceTypeID($0) }, deviceID: nil)
        place.modelID = try row.next(UUID?.self).map { DeviceModelID($0) }
        seenAt = try row.next(PostgresTimestamp?.self).map { Timestamp(microseconds: $0.microseconds) }
        isOnline = try row.next(String?.self) == "online"
        receivedAt = try row.next(PostgresTimestamp?.self).map { Timestamp(microseconds: $0.microseconds) }
        latest = LatestValues(
            keys: try row.next([Int16]?.self) ?? [], times: try row.next([Int64]?.self) ?? [],
            numbers: try row.next([Double]?.self) ?? [],
            others: try Self.others(row.next(PostgresJSON?.self)))
        ruleStates = try Self.states(&row)
    }

    /// `{"12": true, "13": "text"}`
    private static func others(_ document: PostgresJSON?) throws -> [Int16: OtherValue] {
        guard let document, case .object(let members) = try JSONValue(parsing: document.bytes) else { return [:] }
        var others: [Int16: OtherValue] = [:]
        for (name, value) in members.members {
            guard let key = Int16(name) else { continue }
            switch value {
            case .boolean(let boolean): others[key] = .boolean(boolean)
            case .string(let text): others[key] = .text(text)
            default: others[key] = .json(value.bytes)
            }
        }
        return others
    }

    /// The alarms are the truth: an open state whose alarm a person has cleared goes on from there, and an open alarm that
    /// no state knows is taken up.
    private static func states(_ row: inout RowReader) throws -> [RuleMemory] {
        let ruleIDs = try row.next([UUID]?.self) ?? []
        let states = try row.next([[UInt8]]?.self) ?? []
        let alarmIDs = try row.next([UUID]?.self) ?? []
        let alarmRules = try row.next([UUID]?.self) ?? []
        let raised = try row.next([PostgresTimestamp]?.self) ?? []
        let occurrences = try row.next([Int32]?.self) ?? []
        let open = Set(alarmIDs)
        var memories: [RuleMemory] = []
        for (ruleID, bytes) in zip(ruleIDs, states) {
            guard var state = RuleState(encoded: bytes) else { continue }
            if let alarm = state.openAlarmID, !open.contains(alarm.uuid) { state.alarmWasCleared(alarm) }
            if state != .idle { memories.append(RuleMemory(ruleID: AlarmRuleID(ruleID), state: state)) }
        }
        let known = Set(memories.compactMap { $0.state.openAlarmID?.uuid })
        for (index, alarmID) in alarmIDs.enumerated()
        where !known.contains(alarmID) && index < alarmRules.count && index < raised.count && index < occurrences.count
        {
            let ruleID = AlarmRuleID(alarmRules[index])
            memories.removeAll { $0.ruleID == ruleID }
            let alarm = RuleState.OpenAlarm(
                id: AlarmID(alarmID), since: Timestamp(microseconds: raised[index].microseconds),
                occurrences: occurrences[index], ruleVersion: 0)
            memories.append(RuleMemory(ruleID: ruleID, state: .open(alarm)))
        }
        return memories
    }
}
