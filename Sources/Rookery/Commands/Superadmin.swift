import ArgumentParser
import Kernel
import Logging
import Platform

/// `rookery superadmin EMAIL`: the first account of a platform, from the command line.
struct Superadmin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Make somebody a platform administrator.",
        discussion: """
            The account is made when the address is new. A present account keeps its memberships and gets the password anew.
            """)

    @Argument(help: "The e-mail address.")
    var email: String

    @Option(help: "What people call them.")
    var name = "Platform administrator"

    @Flag(help: "Read the password from standard input instead of making one.")
    var passwordStdin = false

    func run() async throws {
        let configuration = try Configuration.fromEnvironment()
        let log = configuration.startLogging()
        defer { log.flush() }
        var password: String?
        if passwordStdin {
            guard let line = readLine(strippingNewline: true), !line.isEmpty else {
                throw ValidationError("Standard input has no password.")
            }
            password = line
        }
        let platform = try await Operator(configuration, logger: Logger(label: "superadmin"))
        do {
            let generated = try await platform.makeSuperadmin(email: email, name: name, password: password)
            await platform.close()
            print("\(email) is a platform administrator.")
            if let generated { print("Password, shown this once: \(generated)") }
        } catch let error as ServiceError {
            await platform.close()
            throw CleanFailure(
                ([error.detail] + error.fields.map { "\($0.pointer) \($0.detail)" }).joined(separator: "\n"))
        } catch {
            await platform.close()
            throw error
        }
    }
}
