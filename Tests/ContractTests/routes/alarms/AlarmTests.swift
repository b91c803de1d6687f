import Foundation
import JSON
import Kernel
import Persistence
import PostgresClient
import Tenancy
import TestStorage
import TestSupport
import Testing
import WebAPI

@Suite("/alarms")
struct AlarmTests {
    @Test("a measurement raises an alarm once; people acknowledge and clear it; the trail says who")
    func story() async throws {
        try await AlarmAPI.run { api in
            let rule = try await api.makeRule(["severity": "critical"])
            let start = Timestamp.now() - .seconds(600)
            for minute in 0..<3 { try await api.measure(70, at: start + .seconds(Int64(minute) * 60)) }
            let active = try await api.mine.viewer.get("/alarms/active").expect(200).items
            #expect(active.count == 1)
            let alarm = try #require(active.first)
            #expect(alarm["rule_id"] == rule["id"])
            #expect(alarm["device_id"]?.string == api.mine.device.description)
            #expect(alarm["site_id"]?.string == api.mine.site.description)
            #expect(alarm["message"] == "flow of Main meter is 70 (below 80)")
            #expect(alarm["raised_at"] == .string(start.rfc3339))
            #expect(alarm["trigger_value"] == 70)

            let path = "/alarms/\(alarm["id"]?.string ?? "")"
            try await acknowledgedAndCleared(path, api)
            try await timelineAndTrail(of: path, api)
        }
    }

    private func acknowledgedAndCleared(_ path: String, _ api: AlarmAPI) async throws {
        let admin = api.mine.admin
        try await api.mine.viewer.post("\(path)/acknowledge").expect(403)
        let known = try await admin.post("\(path)/acknowledge", ["notes": "On my way"]).expect(200)
        #expect(known.json["state"] == "acknowledged")
        #expect(known.header("etag") == "\"2\"")
        #expect(try await admin.post("\(path)/acknowledge").expect(409).code == "illegal-transition")
        try await admin.post("\(path)/comments", ["body": "Valve stuck"]).expect(201)
        try await admin.with("If-Match", "\"1\"").post("\(path)/clear").expect(412)
        let cleared = try await admin.post("\(path)/clear", ["notes": "Fixed"]).expect(200)
        #expect(cleared.json["state"] == "cleared")
        #expect(cleared.json["auto_cleared"] == false)
        #expect(cleared.json["clear_reason"] == "manual")
    }

    private func timelineAndTrail(of path: String, _ api: AlarmAPI) async throws {
        let timeline = try await api.mine.viewer.get("\(path)/timeline").expect(200).items
        let bodies: [String?] = timeline.map { $0["body"]?.string }
        #expect(bodies == ["On my way", "Valve stuck", "Fixed"])
        let steps: [String?] = timeline.map { $0["data"]?["to"]?.string }
        #expect(steps == ["acknowledged", nil, "cleared"])
        let trail = try await api.audit(of: "alarm")
        #expect(trail == ["acknowledge mine-admin", "comment mine-admin", "clear mine-admin"])
    }

    @Test("in two months of real measurements, flow below 80 for two hours happens exactly three times")
    func waterFlow() async throws {
        try await AlarmAPI.run { api in
            _ = try await api.makeRule(["duration_seconds": 7200])
            let file = URL(filePath: TestDatabase.root).appending(path: "Tests/AlarmsTests/Fixtures/water-flow.csv")
            let lines = try String(contentsOf: file, encoding: .utf8).split(whereSeparator: \.isNewline).dropFirst()
            let messages: [JSONValue] = lines.map { line in
                let columns = line.split(separator: ",")
                return ["ts": .string(String(columns[0])), "values": ["flow": .number(Double(columns[1]) ?? 0)]]
            }
            // Sent twice: a repetition changes nothing.
            for _ in 0..<2 {
                for start in stride(from: 0, to: messages.count, by: 500) {
                    try await api.send(Array(messages[start..<min(start + 500, messages.count)]))
                }
            }
            let alarms = try await api.mine.viewer.get("/alarms/history?sort=raised_at").expect(200).items
            let runs = alarms.map {
                "\($0["evidence"]?["since"]?.string ?? "") \($0["raised_at"]?.string ?? "") \($0["cleared_at"]?.string ?? "")"
            }
            #expect(
                runs == [
                    "2022-03-24T08:00:00.000Z 2022-03-24T10:00:00.000Z 2022-03-25T00:00:00.000Z",
                    "2022-03-29T07:00:00.000Z 2022-03-29T09:00:00.000Z 2022-03-29T18:00:00.000Z",
                    "2022-04-27T14:00:00.000Z 2022-04-27T16:00:00.000Z 2022-04-28T03:00:00.000Z",
                ])
            #expect(try await api.mine.viewer.get("/alarms/active").expect(200).items.isEmpty)
        }
    }

    @Test("an alarm may be cleared first and acknowledged later")
    func clearedFirst() async throws {
        try await AlarmAPI.run { api in
            _ = try await api.makeRule()
            try await api.measure(70)
            try await api.measure(90)
            let admin = api.mine.admin
            let history = try await admin.get("/alarms/history?acknowledged=false").expect(200).items
            #expect(history.map { $0["clear_reason"] } == ["condition_ended"])
            #expect(history.first?["auto_cleared"] == true)
            let path = "/alarms/\(history.first?["id"]?.string ?? "")"
            #expect(try await admin.post("\(path)/acknowledge").expect(200).json["state"] == "cleared")
            #expect(try await admin.post("\(path)/clear").expect(409).code == "illegal-transition")
            #expect(try await admin.get("/alarms?state=cleared&acknowledged=true").expect(200).items.count == 1)
            #expect(try await admin.get("/alarms?acknowledged=false").expect(200).items.isEmpty)
        }
    }

    @Test("an alarm cleared by hand is raised anew while the condition holds")
    func raisedAnew() async throws {
        try await AlarmAPI.run { api in
            _ = try await api.makeRule()
            try await api.measure(70)
            let first = try await api.mine.admin.get("/alarms/active").expect(200).items.first
            try await api.mine.admin.post("/alarms/\(first?["id"]?.string ?? "")/clear").expect(200)
            try await eventually("a new alarm is open") {
                try await api.measure(70)
                let open = try await api.mine.admin.get("/alarms/active").expect(200).items
                return open.count == 1 && open.first?["id"] != first?["id"]
            }
        }
    }

    @Test("disabling, moving and deleting a rule clears the alarms that nobody judges any more")
    func rulesThatGo() async throws {
        try await AlarmAPI.run { api in
            let admin = api.mine.admin
            for (change, reason) in [
                (["enabled": false], "rule_disabled"),
                (["scope": "site", "scope_id": .string(try await api.makeSite().description)], "rule_moved"),
                (nil, "rule_deleted"),
            ] as [(JSONValue?, JSONValue)] {
                let rule = try await api.makeRule(["name": reason, "datapoint": reason])
                let path = "/alarm-rules/\(rule["id"]?.string ?? "")"
                let id = try await api.insertAlarm(of: rule)
                if let change {
                    try await admin.patch(path, change).expect(200)
                } else {
                    try await admin.delete(path).expect(204)
                }
                let alarm = try await admin.get("/alarms/\(id)").expect(200).json
                #expect(alarm["clear_reason"] == reason)
                #expect(alarm["state"] == "cleared")
            }
            let rule = try await api.makeRule(["datapoint": "x"])
            let id = try await api.insertAlarm(of: rule)
            try await admin.patch(
                "/alarm-rules/\(rule["id"]?.string ?? "")",
                ["scope": "site", "scope_id": .string(api.mine.site.description)]
            ).expect(200)
            #expect(
                try await admin.get("/alarms/\(id)").expect(200).json["state"] == "active",
                "the device is still covered")
        }
    }

    @Test("many alarms are acknowledged at once, and nothing foreign")
    func bulk() async throws {
        try await AlarmAPI.run { api in
            let (mine, theirs) = (try await api.makeRule(), try await api.makeRule(by: api.other.admin))
            let (first, second) = (try await api.insertAlarm(of: mine), AlarmID.make())
            let foreign = try await api.insertAlarm(of: theirs, in: api.other)
            let ids: JSONValue = .array([first, second, foreign].map { .string($0.description) })
            let result = try await api.mine.admin.post("/alarms/bulk-acknowledge", ["alarm_ids": ids]).expect(200)
            #expect(result.items.map { $0["result"] } == ["acknowledged", "not_found", "not_found"])
            let again = try await api.mine.admin.post("/alarms/bulk-acknowledge", ["alarm_ids": ids]).expect(200)
            #expect(again.items.map { $0["result"] } == ["already_acknowledged", "not_found", "not_found"])
            #expect(try await api.other.admin.get("/alarms/\(foreign)").expect(200).json["state"] == "active")
        }
    }

    @Test("alarms of another organization do not exist, in any list or route")
    func foreign() async throws {
        try await AlarmAPI.run { api in
            let id = try await api.insertAlarm(of: try await api.makeRule())
            let (stranger, device, site) = (api.other.admin, api.mine.device, api.mine.site)
            for path in [
                "/alarms/\(id)", "/alarms/\(id)/timeline", "/devices/\(device)/alarms", "/sites/\(site)/alarms",
            ] {
                try await stranger.get(path).expect(404)
            }
            for path in ["acknowledge", "clear"] { try await stranger.post("/alarms/\(id)/\(path)").expect(404) }
            try await stranger.post("/alarms/\(id)/comments", ["body": "x"]).expect(404)
            for path in [
                "/alarms", "/alarms/active", "/alarms/history", "/alarms?device_id=\(device)",
                "/alarms?site_id=\(site)",
            ] {
                #expect(try await stranger.get(path).expect(200).items.isEmpty)
            }
            let figures = try await stranger.get("/alarms/statistics?device_id=\(device)").expect(200).json
            #expect(figures["raised"] == 0)
        }
    }

    @Test("lists are filtered, and walked in either order without gaps")
    func lists() async throws {
        try await AlarmAPI.run { api in
            var ids: [String] = []
            for (index, severity) in ["info", "critical", "info", "error", "info"].enumerated() {
                let rule = try await api.makeRule(["name": .string("r\(index)"), "severity": .string(severity)])
                ids.append(
                    try await api.insertAlarm(of: rule, at: Timestamp.now() - .seconds(Int64(1000 - index))).description
                )
            }
            for (sort, expected) in [
                ("raised_at", ids), ("-raised_at", ids.reversed()), ("created_at", ids), ("", ids.reversed()),
            ] {
                var (seen, cursor): ([String], String?) = ([], nil)
                repeat {
                    let query =
                        "limit=2" + (sort.isEmpty ? "" : "&sort=\(sort)") + (cursor.map { "&cursor=\($0)" } ?? "")
                    let page = try await api.mine.viewer.get("/devices/\(api.mine.device)/alarms?\(query)").expect(200)
                    seen += page.items.compactMap { $0["id"]?.string }
                    cursor = page.json["next_cursor"]?.string
                } while cursor != nil
                #expect(seen == expected, "sort=\(sort)")
            }
            #expect(
                try await api.mine.viewer.get("/alarms?severity=critical,error&count=true").expect(200).json["total"]
                    == 2)
            let middle = (Timestamp.now() - .seconds(997)).rfc3339
            #expect(
                try await api.mine.viewer.get("/sites/\(api.mine.site)/alarms?to=\(middle)&limit=9").expect(200).items
                    .count >= 3)
            #expect(try await api.mine.viewer.get("/alarms?state=open").expect(400).faults == ["state"])
        }
    }

    @Test("the figures count by severity and name the worst device")
    func statistics() async throws {
        try await AlarmAPI.run { api in
            let rule = try await api.makeRule(["severity": "error"])
            let id = try await api.insertAlarm(of: rule)
            try await api.mine.admin.post("/alarms/\(id)/acknowledge").expect(200)
            let figures = try await api.mine.viewer.get("/alarms/statistics").expect(200).json
            #expect(figures["raised"] == 1)
            #expect(figures["open"] == 1)
            #expect(figures["by_severity"]?.array?.first?["severity"] == "error")
            #expect(figures["by_severity"]?.array?.first?["unacknowledged"] == 0)
            #expect((figures["mean_seconds_to_acknowledge"]?.number ?? -1) >= 0)
            #expect(figures["mean_seconds_to_resolve"] == .null)
            #expect(figures["top_offenders"]?.array?.first?["name"] == "Main meter")
            let faults = try await api.mine.viewer.get(
                "/alarms/statistics?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z"
            ).expect(400).faults
            #expect(faults == ["from"])
        }
    }
}

extension AlarmAPI {
    private func scope(_ organization: Organization) async throws -> TenantScope? {
        try await tokens.authenticate(
            .bearer(organization.id == mine.id ? "mine-admin" : "other-admin"), selecting: nil, from: "",
            requestID: "test"
        ).scope
    }

    /// An open alarm of a rule on the organization's device, as the pipeline would store it.
    func insertAlarm(
        of rule: JSONValue, in organization: Organization? = nil, at time: Timestamp = .now()
    ) async throws -> AlarmID {
        let organization = organization ?? mine
        let id = AlarmID.make()
        let ruleID = try #require(rule["id"]?.string.flatMap { AlarmRuleID($0) })
        let scope = try #require(try await scope(organization))
        try await databases.tenant.withTransaction(scope) { (tx: borrowing TenantTransaction) async throws -> Void in
            try await tx.execute(
                """
                insert into app.alarms (organization_id, id, rule_id, rule_version, source_no, device_id, site_id, severity,
                    raised_at, last_at, message, evidence)
                values (\(organization.id), \(id), \(ruleID), 1, \(organization.source), \(organization.device),
                    \(organization.site), \(rule["severity"]?.string ?? "info"), \(time), \(time), 'low', '{}')
                """)
        }
        return id
    }

    func makeSite() async throws -> SiteID {
        let id = SiteID.make()
        let scope = try #require(try await scope(mine))
        try await databases.tenant.withTransaction(scope) { (tx: borrowing TenantTransaction) async throws -> Void in
            try await tx.execute(
                "insert into app.sites (organization_id, id, name) values (\(mine.id), \(id), 'Field')")
        }
        return id
    }

    /// Actions and actors of the audit trail, in order.
    func audit(of kind: String) async throws -> [String] {
        let scope = try #require(try await scope(mine))
        return try await databases.tenant.withTransaction(scope, .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> [String] in
            try await tx.all(
                "select action_key || ' ' || actor_label from app.audit_entries where resource_kind = \(kind) order by audit_seq"
            ) { row in try row.next(String.self) }
        }
    }
}

extension SystemDatabase {
    func lowerQuota(of resource: String, to limit: Int, in organization: OrganizationID) async throws {
        try await withTransaction(.system("test")) { (tx: borrowing SystemTransaction) async throws -> Void in
            let overrides = JSONValue.object([
                "limits": .object(JSONObject(uniqueMembers: [(resource, .integer(Int64(limit)))]))
            ])
            try await tx.execute("update app.organizations set overrides = \(overrides) where id = \(organization)")
        }
    }
}

/// Waits for a condition that another task brings about.
func eventually(
    _ what: Comment, within limit: Duration = .seconds(10), _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while ContinuousClock.now < deadline {
        if try await condition() { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    Issue.record(what)
}
