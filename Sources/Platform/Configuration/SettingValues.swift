import Foundation

/// What is wrong with a configuration: every fault, with the variable's name.
package struct ConfigurationError: Error, CustomStringConvertible {
    package let faults: [String]

    package var description: String {
        "The configuration has faults:\n" + faults.map { "  - \($0)" }.joined(separator: "\n")
            + "\n`rookery config` lists every variable."
    }
}

/// The settings as text, from the environment and an optional file; unknown names are faults.
package struct SettingValues: Sendable {
    package private(set) var values: [String: String] = [:]
    package private(set) var faults: [String] = []

    /// - Parameters:
    ///   - environment: The process's variables; only `DATABASE_URL` and names that begin with `ROOKERY_` are looked at.
    ///   - readFile: Reads a text file; handed in so that tests need no files.
    package init(environment: [String: String], readFile: (String) throws -> String = Self.readFile) {
        var named = environment.filter { $0.key.hasPrefix("ROOKERY_") || $0.key.hasPrefix(Setting.databaseURL.name) }
        if let path = named.removeValue(forKey: Setting.configurationFile.name) {
            do {
                let file = try parse(readFile(path), path: path)
                named.merge(file) { environment, _ in environment }
            } catch {
                faults.append("\(Setting.configurationFile.name): cannot read \(path): \(error.localizedDescription)")
            }
        }
        for setting in Setting.all {
            if let value = named.removeValue(forKey: setting.name) { values[setting.name] = value }
            guard setting.isSecret, let path = named.removeValue(forKey: setting.fileName) else { continue }
            guard values[setting.name] == nil else {
                faults.append("\(setting.name) and \(setting.fileName) are both set")
                continue
            }
            do { values[setting.name] = try readFile(path).trimmingCharacters(in: .whitespacesAndNewlines) } catch {
                faults.append("\(setting.fileName): cannot read \(path): \(error.localizedDescription)")
            }
        }
        for name in named.keys.sorted() { faults.append("\(name) is not a variable of this program") }
    }

    /// The value that counts: what was set, or the standard.
    package subscript(_ setting: Setting) -> String? {
        if let value = values[setting.name], !value.isEmpty { return value }
        return setting.standard
    }

    private mutating func parse(_ text: String, path: String) -> [String: String] {
        var result: [String: String] = [:]
        for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let line = line.trimmingCharacters(in: .whitespaces)
            guard !line.isEmpty, !line.hasPrefix("#") else { continue }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else {
                faults.append("\(path), line \(number + 1): must be NAME=value")
                continue
            }
            let name = parts[0].trimmingCharacters(in: .whitespaces)
            if result.updateValue(parts[1].trimmingCharacters(in: .whitespaces), forKey: name) != nil {
                faults.append("\(path), line \(number + 1): \(name) is set twice")
            }
        }
        return result
    }

    package static func readFile(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}
