import ArgumentParser
import Logging
import Persistence
import Platform

/// `rookery serve`: the whole platform in one process.
struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve the API and take in measurements, until SIGTERM or SIGINT.",
        discussion:
            "Refuses to start on a database that is not current, or as a role that could see past the tenants' walls.")

    func run() async throws {
        let configuration = try Configuration.fromEnvironment()
        let log = configuration.startLogging()
        defer { log.flush() }
        do {
            try await Platform(configuration, logger: Logger(label: "rookery")).run()
        } catch let refusal as StartupRefusal {
            log.flush()
            throw CleanFailure("The server does not start:\n\(refusal)")
        }
    }
}

/// Ends the program with a message and status 1.
struct CleanFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
