import ArgumentParser
import Fleet
import Foundation
import Logging

/// `rookery simulate`: a fleet of devices that send over HTTP as real ones do.
struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a simulated fleet against a server, until it is interrupted.",
        discussion: "Milk meters, environmental sensors, RFID readers, wearables and gateways, each with its own token."
    )

    @OptionGroup var server: ServerOptions

    @Option(help: "The credentials file that `rookery seed` wrote.")
    var credentials: String

    @Option(help: "Seconds between two messages of one device.")
    var interval: Double = 5

    @Option(help: "Seed of the simulation: the same seed sends the same values.")
    var seed: UInt64 = 1

    @Option(help: "Seconds between two lines of progress.")
    var report: Double = 10

    func validate() throws {
        guard interval > 0, report > 0 else { throw ValidationError("Intervals must be positive.") }
    }

    func run() async throws {
        let devices = try FleetCredentials(contentsOf: credentials).devices
        guard !devices.isEmpty else { throw ValidationError("\(credentials) names no devices.") }
        print("\(devices.count) devices send to \(server.base) every \(interval) s")
        try await server.withClient { client in
            let sender = DeviceSender(client: client, url: server.base, logger: Logger(label: "simulate"))
            let simulation = Simulation(devices: devices, sender: sender, interval: .seconds(interval), seed: seed)
            try await simulation.run(every: .seconds(report)) { counts in
                let refusal = counts.lastRefusal.map { "; the last refusal: \($0)" } ?? ""
                print("\(counts.accepted) messages stored, \(counts.refused) refused\(refusal)")
                fflush(nil)
            }
        }
    }
}
