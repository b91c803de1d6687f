import FoundationEssentials
import Secrets

/// The schema as the files say it: `Migrations/NNNN_what.sql`, and `policies/*.sql`.
package struct SchemaFiles: Sendable {
    package struct File: Sendable, Equatable {
        package let name: String
        package let text: String
        /// SHA-256 of the text.
        package let hash: [UInt8]

        package init(name: String, text: String) {
            self.name = name
            self.text = text
            hash = SHA256.digest(text).bytes
        }

        /// Whether the first line asks for no transaction (CREATE INDEX CONCURRENTLY and the like).
        var isWithoutTransaction: Bool { text.hasPrefix("-- no transaction") }
    }

    package let migrations: [File]
    package let policies: [File]

    package init(migrations: [File], policies: [File]) throws(SchemaError) {
        self.migrations = migrations.sorted { $0.name < $1.name }
        self.policies = policies.sorted { $0.name < $1.name }
        var numbers: [Substring: String] = [:]
        for file in self.migrations {
            let number = file.name.prefix(4)
            guard number.count == 4, number.allSatisfy({ $0.isASCII && $0.isNumber }),
                file.name.dropFirst(4).first == "_"
            else { throw .badName(file.name) }
            if let other = numbers.updateValue(file.name, forKey: number) { throw .sameNumber(other, file.name) }
        }
    }

    /// Reads the folders `Migrations` and `policies` under `root`.
    package init(root: String) throws {
        try self.init(
            migrations: Self.files(in: "\(root)/Migrations"), policies: Self.files(in: "\(root)/policies"))
    }

    private static func files(in folder: String) throws -> [File] {
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw SchemaError.missingFolder(folder)
        }
        return try names.filter { $0.hasSuffix(".sql") }.map { name in
            guard let data = FileManager.default.contents(atPath: "\(folder)/\(name)") else {
                throw SchemaError.missingFolder("\(folder)/\(name)")
            }
            return File(name: name, text: String(decoding: data, as: UTF8.self))
        }
    }
}

/// Why the schema could not be brought up to date.
package enum SchemaError: Error, Sendable, CustomStringConvertible {
    case missingFolder(String)
    case badName(String)
    case sameNumber(String, String)
    /// An applied migration reads differently now.
    case edited([String])
    /// A file failed; `line` is where, when PostgreSQL says.
    case failed(file: String, line: Int?, cause: any Error)
    case locked(seconds: Int)

    package var description: String {
        switch self {
        case .missingFolder(let path): return "\(path) cannot be read."
        case .badName(let name): return "The migration \(name) must be named NNNN_what.sql."
        case .sameNumber(let one, let other): return "The migrations \(one) and \(other) have the same number."
        case .edited(let names):
            return "Applied migrations were edited: \(names.joined(separator: ", ")). "
                + "Put the old text back and write a new migration."
        case .failed(let file, let line, let cause):
            return "\(file)\(line.map { ", line \($0)" } ?? "") failed: \(cause)"
        case .locked(let seconds): return "Another migration has held its lock for \(seconds) s."
        }
    }
}
