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
                    json.object { json in
                        json.name("ts")
                        times.write(Timestamp(milliseconds: latest.times[position]), to: &json)
                        json.name("value")
                        let number = latest.values[position]
                        if number.isNaN, let other = latest.others?[String(latest.keys[position])] {
                            json.value(other)
                        } else {
                            json.number(number)
                        }
                    }
                }
            }
        }
    }
}
