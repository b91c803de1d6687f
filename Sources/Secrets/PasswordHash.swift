/// The cost of Argon2id (RFC 9106).
package struct Argon2Parameters: Sendable, Equatable {
    /// Memory in KiB.
    package let memory: UInt32
    package let passes: UInt32
    package let lanes: UInt32

    package init(memory: UInt32, passes: UInt32, lanes: UInt32) {
        self.memory = memory
        self.passes = passes
        self.lanes = lanes
    }

    /// OWASP Password Storage Cheat Sheet: 46 MiB, one pass, one lane.
    package static let recommended = Argon2Parameters(memory: 47104, passes: 1, lanes: 1)
}

/// A stored password hash in PHC form: `$argon2id$v=19$m=47104,t=1,p=1$SALT$HASH`. Prints its parameters only.
package struct PasswordHash: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
    /// As the table holds it.
    package let stored: String
    package let parameters: Argon2Parameters

    /// No stored value may ask for more than this at verification, whoever wrote it.
    private static let mostMemory: UInt32 = 1 << 18
    private static let mostPasses: UInt32 = 16
    private static let mostLanes: UInt32 = 8

    /// - Throws: `SecretsError.malformed` for another algorithm, another version, or a cost beyond 256 MiB, 16 passes, 8 lanes.
    package init(stored: String) throws(SecretsError) {
        let parts = stored.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 6, parts[0].isEmpty, parts[1] == "argon2id", parts[2] == "v=19", !parts[4].isEmpty,
            !parts[5].isEmpty
        else {
            throw .malformed("not an Argon2id hash of version 19")
        }
        let costs = parts[3].split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, let memory = Self.cost(costs[0], "m="), let passes = Self.cost(costs[1], "t="),
            let lanes = Self.cost(costs[2], "p="), (8...Self.mostMemory).contains(memory),
            (1...Self.mostPasses).contains(passes),
            (1...Self.mostLanes).contains(lanes)
        else { throw .malformed("the cost of a password hash is missing or out of bounds") }
        self.stored = stored
        self.parameters = Argon2Parameters(memory: memory, passes: passes, lanes: lanes)
    }

    private static func cost(_ text: Substring, _ name: String) -> UInt32? {
        text.hasPrefix(name) ? UInt32(text.dropFirst(name.count)) : nil
    }

    package var description: String { "argon2id m=\(parameters.memory) t=\(parameters.passes) p=\(parameters.lanes)" }
    package var customMirror: Mirror { Mirror(self, children: ["parameters": parameters]) }
}
