import AsyncHTTPClient
import JSON
import Kernel
import Logging
import Synchronization

/// A fleet of simulated devices, each its own client.
package struct Simulation: Sendable {
    /// What a simulation did so far.
    package struct Counts: Sendable {
        package var accepted = 0
        package var refused = 0
        package var lastRefusal: String?
    }

    private let devices: [FleetCredentials.Device]
    private let sender: DeviceSender
    private let interval: Duration
    private let seed: UInt64

    /// - Parameter interval: Time between two messages of one device.
    package init(devices: [FleetCredentials.Device], sender: DeviceSender, interval: Duration, seed: UInt64) {
        self.devices = devices
        self.sender = sender
        self.interval = interval
        self.seed = seed
    }

    /// Sends until the task is cancelled; tells `report` every `every`.
    package func run(every: Duration, report: @escaping @Sendable (Counts) -> Void) async throws {
        let tally = Tally()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, device) in devices.enumerated() {
                group.addTask { try await drive(device, seed: seed &+ UInt64(index), tally: tally) }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: every)
                    report(tally.counts)
                }
            }
            try await group.waitForAll()
        }
    }

    private func drive(_ device: FleetCredentials.Device, seed: UInt64, tally: Tally) async throws {
        var simulated = SimulatedDevice(type: device.type, seed: seed)
        // Spread the fleet over the first interval.
        var random = SplitMix(state: seed)
        try await Task.sleep(for: interval * Double.random(in: 0...1, using: &random))
        while true {
            let outcome = try await sender.send(simulated.message(at: .now()).bytes, token: device.token)
            tally.add(outcome, device.deviceKey)
            try await Task.sleep(for: interval)
        }
    }

    private final class Tally: Sendable {
        private let state = Mutex(Counts())

        var counts: Counts { state.withLock { $0 } }

        func add(_ outcome: DeviceSender.Outcome, _ device: String) {
            state.withLock { counts in
                switch outcome {
                case .accepted: counts.accepted += 1
                case .refused(let status, let body):
                    counts.refused += 1
                    counts.lastRefusal = "\(device): \(status) \(body)"
                }
            }
        }
    }
}
