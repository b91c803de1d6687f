import ArgumentParser
import Fleet
import Foundation
import Kernel
import Logging
import Platform

/// `rookery seed --demo`: something to look at.
struct Seed: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load two demo organizations with users of every role, sites, device models, rules and devices.",
        discussion: """
            Writes sign-ins and device tokens, which can be shown only once, to a file that only you can read. Run again, it \
            issues new ones.
            """)

    @Flag(help: "Confirm that demo organizations are wanted in this database.")
    var demo = false

    @Option(help: "Where to write sign-ins and tokens.")
    var credentials = ".rookery/credentials.json"

    func validate() throws {
        guard demo else { throw ValidationError("Say --demo: there is nothing else to load.") }
    }

    func run() async throws {
        let configuration = try Configuration.fromEnvironment()
        let log = configuration.startLogging()
        defer { log.flush() }
        let platform = try await Operator(configuration, logger: Logger(label: "seed"))
        do {
            let result = try await platform.seedDemo { print($0) }
            await platform.close()
            try result.write(to: credentials)
            print("\(result.signIns.count) sign-ins and \(result.devices.count) device tokens are in \(credentials)")
        } catch {
            await platform.close()
            throw error
        }
    }
}
