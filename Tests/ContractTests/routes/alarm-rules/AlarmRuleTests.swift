import JSON
import Kernel
import Persistence
import TestSupport
import Testing

@Suite("/alarm-rules")
struct AlarmRuleTests {
    @Test("a rule is made, read, replaced, patched and deleted")
    func lifecycle() async throws {
        try await AlarmAPI.run { api in
            let admin = api.mine.admin
            let made = try await admin.post(
                "/alarm-rules",
                [
                    "name": "Low flow", "scope": "model", "scope_id": .string(api.mine.model.description),
                    "datapoint": "flow",
                    "condition": ["operator": "lt", "value": 80], "duration_seconds": 7200,
                ]
            ).expect(201)
            let path = "/alarm-rules/\(made.json["id"]?.string ?? "")"
            #expect(made.header("location") == "/api/v1\(path)")
            #expect(made.header("etag") == "\"1\"")
            #expect(made.json["severity"] == "warning")
            #expect(made.json["auto_clear"] == true)
            #expect(try await admin.get(path).expect(200).json == made.json)
            try await admin.with("If-None-Match", "\"1\"").get(path).expect(304)

            let patched = try await admin.with("If-Match", "\"1\"").patch(
                path, ["severity": "critical", "condition": ["value": 70], "hysteresis": 2]
            ).expect(200)
            #expect(patched.header("etag") == "\"2\"")
            #expect(patched.json["condition"] == ["operator": "lt", "value": 70])
            #expect(patched.json["duration_seconds"] == 7200)
            #expect(
                try await admin.with("If-Match", "\"1\"").patch(path, ["enabled": false]).expect(412).code
                    == "precondition-failed")

            let replaced = try await admin.put(
                path,
                [
                    "name": "Any change", "scope": "organization", "datapoint": "flow",
                    "condition": ["operator": "change"],
                ]
            ).expect(200)
            #expect(replaced.json["hysteresis"] == 0)
            #expect(replaced.json["scope_id"] == .null)
            #expect(
                try await api.mine.viewer.get("/alarm-rules?scope=organization&enabled=true&count=true").expect(200)
                    .json["total"] == 1)
            let ofModels = try await admin.get("/alarm-rules?scope=model").expect(200).items
            #expect(ofModels.isEmpty)

            try await admin.delete(path).expect(204)
            try await admin.get(path).expect(404)
        }
    }

    @Test("every fault of a rule is named at once")
    func faults() async throws {
        try await AlarmAPI.run { api in
            let refused = try await api.mine.admin.post(
                "/alarm-rules",
                [
                    "name": "", "scope": "site", "datapoint": "flow",
                    "condition": ["operator": "outside", "low": 5, "high": 1],
                    "message": "{valu}", "severity": "bad", "colour": "red",
                ]
            ).expect(422)
            #expect(
                Set(refused.faults) == ["/name", "/scope_id", "/condition/high", "/message", "/severity", "/colour"])
        }
    }

    @Test("a rule may only name what is the organization's own, and a name is used once")
    func references() async throws {
        try await AlarmAPI.run { api in
            for (scope, id) in [
                ("site", api.other.site.description), ("model", api.other.model.description),
                ("device", api.other.device.description), ("type", SiteID.make().description),
            ] {
                let refused = try await api.mine.admin.post(
                    "/alarm-rules",
                    [
                        "name": "r", "scope": .string(scope), "scope_id": .string(id), "datapoint": "flow",
                        "condition": ["operator": "change"],
                    ]
                ).expect(422)
                #expect(refused.faults == ["/scope_id"])
            }
            let rule = try await api.makeRule()
            _ = try await api.makeRule(by: api.other.admin)
            let again = try await api.mine.admin.post(
                "/alarm-rules",
                ["name": "Low flow", "scope": "organization", "datapoint": "x", "condition": ["operator": "change"]])
            #expect(again.expect(409).code == "already-exists")
            let path = "/alarm-rules/\(rule["id"]?.string ?? "")"
            for answer in [
                try await api.other.admin.get(path), try await api.other.admin.delete(path),
                try await api.other.admin.patch(path, ["enabled": false]),
                try await api.other.admin.post("\(path)/test", ["samples": [["at": 0, "value": 1]]]),
            ] { answer.expect(404) }
            try await api.mine.viewer.patch(path, ["enabled": false]).expect(403)
        }
    }

    @Test("a rule can be tried on sample values, step by step")
    func trial() async throws {
        try await AlarmAPI.run { api in
            let rule = try await api.makeRule(["duration_seconds": 60, "message": "{value} {condition} for {duration}"])
            let path = "/alarm-rules/\(rule["id"]?.string ?? "")/test"
            let samples: [JSONValue] = [(0, 70.5), (60_000, 60), (120_000, 90)].map { at, value in
                ["at": .integer(at), "value": .number(value)]
            }
            let result = try await api.mine.viewer.post(path, ["samples": .array(samples)]).expect(200).json
            #expect(result["alarms"] == 1)
            let steps = result["steps"]?.array ?? []
            #expect(steps.map { $0["outcome"] } == ["none", "raised", "cleared"])
            #expect(steps.map { $0["state"] } == ["pending", "open", "idle"])
            #expect(steps.map { $0["condition_met"] } == [true, true, false])
            #expect(steps[1]["message"] == "60 below 80 for 1 min")
            let backwards = try await api.mine.admin.post(
                path, ["samples": [["at": 5, "value": 1], ["at": 5, "value": 1]]]
            ).expect(422)
            #expect(backwards.faults == ["/samples/1/at"])
            let stored = try await api.mine.admin.get("/alarms").expect(200).items
            #expect(stored.isEmpty)
        }
    }

    @Test("the tier limits the number of rules")
    func quota() async throws {
        try await AlarmAPI.run { api in
            try await api.databases.system.lowerQuota(of: "alarm_rules", to: 1, in: api.mine.id)
            _ = try await api.makeRule()
            let refused = try await api.mine.admin.post(
                "/alarm-rules",
                ["name": "Second", "scope": "organization", "datapoint": "x", "condition": ["operator": "change"]]
            ).expect(409)
            #expect(refused.code == "quota-exceeded")
            #expect(refused.json["limit"] == 1)
        }
    }
}
