import Fleet
import JSON
import Kernel
import Testing

@Suite struct MeasurementsTests {
    @Test("columns are named after their titles, without units")
    func names() throws {
        let file = try Measurements(
            csv: "Time,Water flow [l/s],\"Temp, inside (°C)\"\n2022-03-20T11:00:00+01:00,100.59,21\n")
        #expect(file.keys == ["water_flow", "temp_inside"])
        #expect(file.rows[0].time.rfc3339 == "2022-03-20T10:00:00.000Z")
        #expect(file.rows[0].message["values"] == ["water_flow": 100.59, "temp_inside": 21.0])
    }

    @Test("a column can be given another name, empty fields are left out, quotes are unquoted")
    func details() throws {
        let file = try Measurements(
            csv: "t,a,b\r\n2022-03-20T11:00:00Z,,\"say \"\"hi\"\"\"\r\n2022-03-20T12:00:00Z,,\r\n", names: ["b": "note"]
        )
        #expect(file.rows.count == 1)
        #expect(file.rows[0].message["values"] == ["note": "say \"hi\""])
    }

    @Test("every faulty line is named")
    func faults() {
        #expect { try Measurements(csv: "t,a\nyesterday,1\n2022-03-20T11:00:00Z,1\n2022-03-20T11:00:00Z\n") } throws: {
            error in
            "\(error)".contains("line 2") && "\(error)".contains("line 4") && !"\(error)".contains("line 3")
        }
    }

    @Test(
        "the same seed simulates the same values",
        arguments: ["milk_meter", "environmental_sensor", "rfid_reader", "wearable", "gateway"])
    func simulation(type: String) {
        var (first, second) = (SimulatedDevice(type: type, seed: 7), SimulatedDevice(type: type, seed: 7))
        let time = Timestamp(milliseconds: 1_700_000_000_000)
        for _ in 0..<50 { #expect(first.message(at: time) == second.message(at: time)) }
        #expect((first.message(at: time)["values"]?.object?.count ?? 0) >= 4)
    }
}
