import ArgumentParser
import Fleet
import Foundation
import Logging

/// `rookery replay`: recorded measurements through the API, with their own times.
struct ReplayFile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Send a CSV file of measurements as a device.",
        discussion: """
            The first column is the time (RFC 3339), every other one a datapoint named after its title: "Water flow [l/s]" \
            becomes water_flow; --name gives another. Rows keep their own times, and rules judge them in those times.
            """)

    @Argument(help: "The CSV file, with a header line.")
    var file: String

    @Option(help: "The device's key: its token is looked up in --credentials.")
    var device: String

    @Option(help: "How fast the file's time passes: 1 is as recorded, 3600 an hour a second, max as fast as it goes.")
    var speed = "max"

    @Option(help: "The device's token.")
    var token: String?

    @Option(help: "The credentials file that `rookery seed` wrote.")
    var credentials = ".rookery/credentials.json"

    @Option(name: .customLong("name"), help: "A datapoint's name for a column, as TITLE=NAME; may be repeated.")
    var names: [String] = []

    @OptionGroup var server: ServerOptions

    func validate() throws {
        guard Replay.Speed(speed) != nil else { throw ValidationError("--speed must be max or a positive number.") }
        for name in names where name.split(separator: "=").count != 2 {
            throw ValidationError("--name must be TITLE=NAME, not \"\(name)\".")
        }
    }

    func run() async throws {
        let parts = names.map { $0.split(separator: "=").map(String.init) }
        let renamed = Dictionary(parts.map { ($0[0], $0[1]) }, uniquingKeysWith: { $1 })
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let measurements = try Measurements(csv: text, names: renamed)
        let token = try token ?? savedToken()
        guard let speed = Replay.Speed(speed) else {
            throw ValidationError("--speed must be max or a positive number.")
        }
        print("\(measurements.rows.count) rows of \(measurements.keys.joined(separator: ", ")) from \(file)")
        try await server.withClient { client in
            let sender = DeviceSender(client: client, url: server.base, logger: Logger(label: "replay"))
            try await Replay(measurements, sender: sender, token: token, speed: speed).run { sent, all in
                if sent == all || sent % 100 == 0 {
                    print("\(sent) of \(all) rows stored")
                    fflush(nil)
                }
            }
        }
    }

    private func savedToken() throws -> String {
        let devices = try FleetCredentials(contentsOf: credentials).devices
        guard let found = devices.first(where: { $0.deviceKey == device }) else {
            let known = devices.map(\.deviceKey).sorted().prefix(20).joined(separator: ", ")
            throw ValidationError("\(credentials) has no device \"\(device)\"; it has \(known). Or give --token.")
        }
        return found.token
    }
}
