import JSON
import Kernel
import PostgresClient

/// A row of `telemetry_latest`.
struct LatestValues: Sendable {
    let receivedAt: Timestamp
    /// One of each for a datapoint, in the order of the keys; times in milliseconds since 1970.
    let keys: [Int16]
    let times: [Int64]
    /// NaN where ``others`` has the value, by the key's number.
    let values: [Double]
    let others: JSONValue?

    init(from row: inout RowReader) throws {
        receivedAt = try row.next()
        keys = try row.next()
        times = try row.next()
        values = try row.next()
        others = row.nextIsNull ? nil : try JSONValue(parsing: row.next(PostgresJSON.self).bytes)
        guard times.count == keys.count, values.count == keys.count else {
            let reason = "\(keys.count) keys, \(times.count) times and \(values.count) values"
            throw PostgresError.decoding(column: 0, name: "k", reason: reason)
        }
    }
}

/// The names of datapoints by their numbers, prepared for writing.
///
/// Devices of one model have the same keys: what was made for one device serves those behind it.
struct LatestNames {
    private let names: [Int16: String]
    private let wanted: Set<String>
    private var prepared: [Int16: JSONName] = [:]
    private var last: (keys: [Int16], names: [JSONName?]) = ([], [])

    /// - Parameter wanted: the names asked for; none is all.
    init(_ names: [Int16: String], wanted: Set<String>) {
        self.names = names
        self.wanted = wanted
    }

    mutating func latest(of device: DeviceDirectory.Device, _ values: LatestValues?) -> LatestOfDevice {
        guard let values else { return LatestOfDevice(device: device, latest: nil, names: []) }
        if values.keys != last.keys { last = (values.keys, values.keys.map { name(of: $0) }) }
        return LatestOfDevice(device: device, latest: values, names: last.names)
    }

    private mutating func name(of number: Int16) -> JSONName? {
        if let name = prepared[number] { return name }
        guard let name = names[number], wanted.isEmpty || wanted.contains(name) else { return nil }
        let written = JSONName(name)
        prepared[number] = written
        return written
    }
}

/// The latest value of each datapoint of a device.
///
/// A page has a thousand of them: the names are shared and escaped once, and times that repeat are written once.
package struct LatestOfDevice: Sendable, JSONWritable {
    let device: DeviceDirectory.Device
    /// Nil: nothing has come from it yet.
    let latest: LatestValues?
    /// By position in ``LatestValues/keys``; nil: not asked for.
    let names: [JSONName?]

    package var deviceID: DeviceID { device.id }

    /// `{"device_id", "device_key", "received_at", "values": {"flow": {"ts", "value"}}}`
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("device_id", device.id)
            json.field("device_key", device.key)
            json.field("received_at", latest?.receivedAt)
            json.name("values")
            json.object { json in
                guard let latest else { return }
                var times = TimestampWriter()
                for (position, name) in names.enumerated() {
                    guard let name else { continue }
                    json.name(name)
                    json.beginObject()
                    json.name("ts")
                    times.write(Timestamp(milliseconds: latest.times[position]), to: &json)
                    json.name("value")
                    let number = latest.values[position]
                    if number.isNaN, let other = latest.others?[String(latest.keys[position])] {
                        json.value(other)
                    } else {
                        json.number(number)
                    }
                    json.endObject()
                }
            }
        }
    }
}
