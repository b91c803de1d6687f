import Devices
import JSON
import Kernel
import Testing

@Suite("Whether a device is there")
struct DeviceConnectionTests {
    private static let heard = Timestamp(milliseconds: 1_800_000_000_000)

    @Test(
        "silence makes it degraded, then offline",
        arguments: [
            (0, DeviceConnection.State.online), (299, .online), (300, .degraded), (899, .degraded), (900, .offline),
            (86_400, .offline),
        ])
    func silence(seconds: Int, expected: DeviceConnection.State) {
        let connection = DeviceConnection(
            state: .online, since: Self.heard, lastSeen: Self.heard, peer: "", transport: "http")
        #expect(connection.seen(at: Self.heard + .seconds(seconds), .standard).state == expected)
    }

    @Test("a device that was never heard stays unknown")
    func never() { #expect(DeviceConnection.never.seen(at: Self.heard, .standard).state == .unknown) }

    @Test("a type has thresholds of its own")
    func thresholds() {
        let own = ConnectionThresholds(["offline_after_seconds": 3600])
        #expect(own == ConnectionThresholds(degradedAfterSeconds: 300, offlineAfterSeconds: 3600))
    }
}
