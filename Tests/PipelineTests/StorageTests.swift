import JSON
import Kernel
import Pipeline
import PostgresClient
import Telemetry
import Testing

@Suite("What the pipeline acknowledges is stored")
struct StorageTests {
    @Test("numbers, booleans, text, documents, quality and sequence come back as they were sent")
    func values() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let receipt = try await fixture.send(
                    pipeline,
                    """
                    {"ts": \(noon), "seq": 7, "type": "power", "values": {"b": 2.5, "a": 1, "on": true, "state": "ok",
                     "place": {"lat": 1}, "c": {"value": 9, "quality": "bad"}}}
                    """)
                #expect(receipt == IngestReceipt(accepted: 1))
            }
            let keys = try await fixture.all(
                """
                select k.name from app.telemetry_hot h join app.telemetry_keysets s using (keyset_no),
                    unnest(s.key_nos) with ordinality n (key_no, position)
                join app.telemetry_keys k on k.organization_id = app.organization_id() and k.key_no = n.key_no
                order by n.position
                """, as: String.self)
            let numbers = try await fixture.one("select v from app.telemetry_hot", as: [Double].self)
            let qualities = try await fixture.one("select q from app.telemetry_hot", as: [Int16].self)
            let stored = Dictionary(uniqueKeysWithValues: zip(keys, zip(numbers, qualities)))
            #expect(stored["a"]?.0 == 1 && stored["b"]?.0 == 2.5 && stored["$seq"]?.0 == 7)
            #expect(stored["c"]?.0 == 9 && stored["c"]?.1 == Int16(Quality.bad.rawValue))
            #expect(stored["on"]?.0.isNaN == true && stored["place"]?.0.isNaN == true)
            let others = try await fixture.all(
                """
                select k.name || '=' || m.value::text from app.telemetry_hot h, jsonb_each(h.x) m
                join app.telemetry_keys k on k.organization_id = app.organization_id() and k.key_no = m.key::smallint
                order by 1
                """, as: String.self)
            #expect(others == ["on=true", "place={\"lat\": 1}", "state=\"ok\""])
            let origin = try await fixture.one("select origin from app.telemetry_hot", as: Int16.self)
            #expect(MessageProvenance(stored: origin) == MessageProvenance(origin: .api, type: .power))
            // What is not good is no latest value.
            #expect(try await fixture.one("select cardinality(k) from app.telemetry_latest", as: Int.self) == 6)
        }
    }

    @Test("a message that comes again is stored once and named a duplicate; other datapoints of the same time are not")
    func duplicates() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let message = #"{"ts": \#(noon), "values": {"flow": 1}}"#
                #expect(try await fixture.send(pipeline, message) == IngestReceipt(accepted: 1))
                #expect(try await fixture.send(pipeline, message) == IngestReceipt(accepted: 1, duplicates: 1))
                #expect(try await fixture.send(pipeline, "[\(message), \(message)]").duplicates == 2)
                #expect(try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"level": 1}}"#).duplicates == 0)
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 2)
        }
    }

    @Test("a fresh pipeline knows a duplicate too, although its lanes begin with nothing")
    func duplicatesAfterRestart() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            for round in 0..<2 {
                try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                    let receipt = try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 1}}"#)
                    #expect(receipt.duplicates == round)
                }
            }
        }
    }

    @Test("late values are stored but do not replace later ones, in the hot table and beyond its days")
    func late() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 2, "level": 5}}"#)
                try await fixture.send(pipeline, #"{"ts": \#(noon - 60_000), "values": {"flow": 1}}"#)
                try await fixture.send(pipeline, #"{"ts": "2019-03-01T00:00:00Z", "values": {"flow": 0}}"#)
                try await fixture.send(pipeline, #"{"ts": \#(noon + 1000), "values": {"level": 6}}"#)
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 3)
            #expect(try await fixture.one("select count(*) from app.telemetry_late", as: Int.self) == 1)
            #expect(try await fixture.one("select v from app.telemetry_latest", as: [Double].self) == [2, 6])
            #expect(
                try await fixture.one("select t from app.telemetry_latest", as: [Int64].self) == [noon, noon + 1000])
        }
    }

    @Test("a clock that is years ahead does not hold the latest values")
    func future() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                try await fixture.send(pipeline, #"{"ts": "2090-01-01T00:00:00Z", "values": {"flow": 9}}"#)
                try await fixture.send(pipeline, #"{"ts": \#(noon), "values": {"flow": 1}}"#)
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_late", as: Int.self) == 1)
            #expect(try await fixture.one("select v from app.telemetry_latest", as: [Double].self) == [1])
        }
    }

    @Test("messages without a time take the time of receipt, each its own")
    func serverTime() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            let clock = SteadyClock(Timestamp(milliseconds: noon))
            try await fixture.withPipeline(clock: clock) { (pipeline: TelemetryPipeline) async throws in
                #expect(
                    try await fixture.send(pipeline, #"[{"flow": 1}, {"flow": 2}, {"values": {"flow": 3}}]"#).accepted
                        == 3)
            }
            let times = try await fixture.all("select ts from app.telemetry_hot order by ts", as: Timestamp.self)
            #expect(times.map(\.milliseconds) == [noon, noon + 1, noon + 2])
        }
    }

    @Test("one request of many devices is spread over the lanes and acknowledged once")
    func manyDevices() async throws {
        try await PipelineFixture.with(devices: 40) { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let list = (0..<400).map {
                    #"{"device": "d\#($0 % 40)", "ts": \#(noon + Int64($0)), "values": {"n": \#($0)}}"#
                }
                let text = #"{"messages": [\#(list.joined(separator: ","))]}"#
                let batch = try MessageDecoder.decode(bytes: Array(text.utf8), form: .manyDevices)
                let receipt = try await pipeline.submit(
                    batch, from: fixture.devices.map(\.source), in: fixture.organizationID, origin: .api)
                #expect(receipt == IngestReceipt(accepted: 400))
            }
            let wrong = try await fixture.one(
                """
                select count(*) from app.telemetry_hot h join app.devices d on d.source_no = h.source_no
                where 'device-' || (h.v[1]::int % 40 + 1) <> d.device_key
                """, as: Int.self)
            #expect(wrong == 0)
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 400)
            #expect(
                try await fixture.one(
                    "select count(*) from app.telemetry_latest where cardinality(v) = 1", as: Int.self) == 40)
            #expect(
                try await fixture.one(
                    "select count(*) from app.device_presence where connection = 'online'", as: Int.self) == 40)
            #expect(
                try await fixture.one("select count(*) from app.events where type_key = 'device.online'", as: Int.self)
                    == 40)
        }
    }

    @Test("an organization that claims another one's source stores nothing")
    func foreignSource() async throws {
        try await PipelineFixture.with { (fixture: PipelineFixture) async throws in
            try await fixture.withPipeline { (pipeline: TelemetryPipeline) async throws in
                let batch = try MessageDecoder.decode(bytes: Array(#"{"flow": 1}"#.utf8), form: .singleDevice)
                await #expect(throws: ServiceError.self) {
                    try await pipeline.submit(
                        batch, from: [fixture.devices[0].source], in: OrganizationID.make(), origin: .api)
                }
            }
            #expect(try await fixture.one("select count(*) from app.telemetry_hot", as: Int.self) == 0)
        }
    }
}
