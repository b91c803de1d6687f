import AsyncHTTPClient
import Fleet
import Foundation
import JSON
import Logging
import TestStorage
import TestSupport
import Testing

/// Real measurements through the API, judged in their own time.
@Suite struct ReplayTests {
    @Test(
        "flow below 80 for two hours gives exactly three alarms, each two hours in and cleared by the first value from 80"
    )
    func waterFlow() async throws {
        let platform = try await TestPlatform.shared
        let organization = try await platform.organization()
        let device = try await organization.device()
        let rule: JSONValue = [
            "name": "Low flow", "scope": "device", "scope_id": .string(device.id), "datapoint": "water_flow",
            "condition": ["operator": "lt", "value": 80], "duration_seconds": 7200,
        ]
        try await organization.admin.post("/alarm-rules", rule).expect(201)

        let file = TestDatabase.root + "/Tests/AlarmsTests/Fixtures/water-flow.csv"
        let measurements = try Measurements(csv: String(contentsOfFile: file, encoding: .utf8))
        let sender = DeviceSender(client: .shared, url: platform.url, logger: Logger(label: "replay"))
        try await Replay(measurements, sender: sender, token: device.token, speed: .maximum).run { _, _ in }
        // A second time: what is stored already is not judged again.
        try await Replay(measurements, sender: sender, token: device.token, speed: .maximum).run { _, _ in }

        let alarms = try await organization.admin.get("/alarms?device_id=\(device.id)&sort=raised_at").expect(200).items
        let times = alarms.map { alarm in
            [alarm["evidence"]?["since"], alarm["raised_at"], alarm["cleared_at"]].map { $0?.string ?? "" }
        }
        #expect(
            times.sorted { $0[0] < $1[0] } == [
                ["2022-03-24T08:00:00.000Z", "2022-03-24T10:00:00.000Z", "2022-03-25T00:00:00.000Z"],
                ["2022-03-29T07:00:00.000Z", "2022-03-29T09:00:00.000Z", "2022-03-29T18:00:00.000Z"],
                ["2022-04-27T14:00:00.000Z", "2022-04-27T16:00:00.000Z", "2022-04-28T03:00:00.000Z"],
            ])
        #expect(alarms.allSatisfy { $0["state"] == "cleared" && $0["auto_cleared"] == true })
    }
}
