import ArgumentParser
import Foundation
import Platform

/// `rookery config`: every variable, what counts now, and what is wrong with it.
struct Config: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List every configuration variable and check what is set.",
        discussion:
            "Secrets are never printed. Ends with status 1 when the server could not start with this configuration.")

    func run() throws {
        let values = SettingValues(environment: ProcessInfo.processInfo.environment)
        for setting in Setting.all {
            let isSet = values.values[setting.name] != nil
            let shown =
                setting.isSecret ? (isSet ? "(secret, set)" : "(secret, not set)") : values[setting] ?? "(not set)"
            print("\(setting.name)=\(shown)\(isSet || setting.standard == nil ? "" : "   (default)")")
            print("    \(setting.summary)")
            if setting.isSecret { print("    Also from the file that \(setting.fileName) names.") }
        }
        print("\(Setting.configurationFile.name)\n    \(Setting.configurationFile.summary)")
        do { _ = try Configuration(values) } catch {
            FileHandle.standardError.write(Data("\n\(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}
