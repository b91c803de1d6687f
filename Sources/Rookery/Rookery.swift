import ArgumentParser
import Expressions

/// The one executable: server, worker, migrator and the operator's command line.
@main
struct Rookery: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rookery",
        abstract: "A multi-tenant IoT platform.",
        discussion: "Configuration comes from the environment and an optional file; `rookery config` lists it.",
        subcommands: [
            Serve.self, Migrate.self, Seed.self, Superadmin.self, Config.self, Health.self, Simulate.self,
            ReplayFile.self, ExpressionCommand.self, MQTT.self,
        ])

    static func main() async {
        await main(ExpressionArguments.separated(Array(CommandLine.arguments.dropFirst())))
    }
}
