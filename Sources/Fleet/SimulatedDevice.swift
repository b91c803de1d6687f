import JSON
import Kernel

/// One simulated device: its state wanders as a real one's does, the same way for the same seed.
package struct SimulatedDevice: Sendable {
    private let type: String
    private var random: SplitMix
    private var level: Double
    private var total: Double = 0
    private var battery: Double
    private var sequence: Int64 = 0

    package init(type: String, seed: UInt64) {
        self.type = type
        random = SplitMix(state: seed)
        level = Double.random(in: 0...1, using: &random)
        battery = Double.random(in: 60...100, using: &random)
    }

    /// The next message: `{"ts", "seq", "values"}`.
    package mutating func message(at time: Timestamp) -> JSONValue {
        // A random walk that is pulled back to the middle, so that it neither runs away nor stands still.
        level += Double.random(in: -0.08...0.08, using: &random) + (0.5 - level) * 0.05
        level = min(max(level, 0), 1)
        battery = max(5, battery - 0.001)
        sequence += 1
        let values = JSONObject(uniqueMembers: values().map { ($0.0, $0.1) })
        return ["ts": .integer(time.milliseconds), "seq": .integer(sequence), "values": .object(values)]
    }

    private mutating func values() -> [(String, JSONValue)] {
        switch type {
        case "milk_meter":
            let flow = level < 0.3 ? 0 : (level - 0.3) * 8
            total += flow / 12
            return [
                ("flow_rate", number(flow)), ("milk_temperature", number(36 + level * 2.5)),
                ("total_yield", number(total)),
                ("conductivity", number(4.5 + noise(0.4))), ("stall_occupied", .boolean(flow > 0)),
            ]
        case "environmental_sensor":
            return [
                ("temperature", number(14 + level * 16)), ("humidity", number(45 + (1 - level) * 40)),
                ("co2", number(600 + level * 2600)), ("ammonia", number(3 + level * 24)), ("battery", number(battery)),
            ]
        case "rfid_reader":
            let animal = Int64.random(in: 1...120, using: &random)
            return [
                ("tags_read", .integer(Int64.random(in: 0...12, using: &random))), ("rssi", number(-62 + noise(8))),
                ("last_tag", .string("982 000 00000\(1000 + animal)")), ("antenna", .integer(animal % 4 + 1)),
            ]
        case "wearable":
            return [
                ("activity", number(level * 180)), ("rumination_minutes", number(300 + level * 200)),
                ("body_temperature", number(38.2 + level * 1.2)), ("resting", .boolean(level < 0.35)),
                ("battery", number(battery)),
            ]
        default:
            return [
                ("cpu_usage", number(10 + level * 75)), ("memory_usage", number(35 + level * 40)),
                ("signal_dbm", number(-55 - level * 30)), ("connected_devices", .integer(Int64(8 + level * 30))),
                ("uplink", .string(level > 0.95 ? "cellular" : "ethernet")),
            ]
        }
    }

    private func number(_ value: Double) -> JSONValue { .number((value * 100).rounded() / 100) }

    private mutating func noise(_ width: Double) -> Double { Double.random(in: -width...width, using: &random) }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine for the same seed.
package struct SplitMix: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(state: UInt64) { self.state = state }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
