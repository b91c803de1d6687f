import Foundation
import Synchronization
import Testing

@testable import Secrets

@Suite(.serialized) struct PasswordHasherTests {
    private let cheap = Argon2Parameters(memory: 256, passes: 1, lanes: 1)

    @Test("a hash carries today's parameters and its own salt, and only the password matches it")
    func roundTrip() async throws {
        let hasher = try PasswordHasher(concurrency: 1)
        let hash = try await hasher.hash("correct horse")
        #expect(hash.stored.hasPrefix("$argon2id$v=19$m=47104,t=1,p=1$"))
        #expect(try await hasher.hash("correct horse") != hash)
        #expect(try await hasher.verify("correct horse", against: hash) == .matches(needsRehash: false))
        #expect(try await hasher.verify("correct horsf", against: hash) == .differs)
        #expect(try await hasher.verify("", against: hash) == .differs)
    }

    @Test("a published hash is verified and, having other parameters, is due for a new one")
    func knownAnswer() async throws {
        let hasher = try PasswordHasher(concurrency: 1)
        let stored = try PasswordHash(
            stored: "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
        #expect(try await hasher.verify("password", against: stored) == .matches(needsRehash: true))
        #expect(try await hasher.verify("Password", against: stored) == .differs)
    }

    // That it is the same work is shown where a person would measure it, at the sign-in (IdentityTests.TimingTests).
    @Test("without an account no password matches")
    func decoy() async throws {
        let hasher = try PasswordHasher(concurrency: 1)
        #expect(try await hasher.verify("two", against: nil) == .differs)
        #expect(try await hasher.verify("", against: nil) == .differs)
    }

    @Test(
        "a stored value of another form or beyond the bounds is refused",
        arguments: [
            "", "$2b$12$abc", "$argon2i$v=19$m=256,t=1,p=1$c29tc2FsdA$YWJj",
            "$argon2id$v=16$m=256,t=1,p=1$c29tc2FsdA$YWJj",
            "$argon2id$v=19$m=99999999,t=1,p=1$c29tc2FsdA$YWJj", "$argon2id$v=19$m=256,t=99,p=1$c29tc2FsdA$YWJj",
            "$argon2id$v=19$t=1,m=256,p=1$c29tc2FsdA$YWJj", "$argon2id$v=19$m=256,t=1,p=1$$YWJj",
            "$argon2id$v=19$m=256,t=1,p=1$c29tc2FsdA",
        ])
    func malformed(stored: String) {
        #expect(throws: SecretsError.self) { try PasswordHash(stored: stored) }
    }

    @Test("a password over a kilobyte is never hashed and never matches")
    func longPassword() async throws {
        let hasher = try PasswordHasher(parameters: cheap, concurrency: 1)
        let long = String(repeating: "x", count: 1025)
        await #expect(throws: SecretsError.self) { try await hasher.hash(long) }
        let empty = try await hasher.hash("")
        #expect(try await hasher.verify(long, against: empty) == .differs)
    }

    @Test("forty callers at once hold the memory of two hashes")
    func boundedMemory() async throws {
        let hasher = try PasswordHasher(concurrency: 2)
        try Data("5".utf8).write(to: URL(filePath: "/proc/self/clear_refs"))
        let before = try peakMemoryKiB()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<40 { group.addTask { _ = try await hasher.verify("a password", against: nil) } }
            try await group.waitForAll()
        }
        let grown = try peakMemoryKiB() - before
        #expect(grown < 300 * 1024, "grew by \(grown) KiB; forty hashes would be 1,884,160")
    }

    @Test("a full queue refuses at once, and work cancelled while it waits is not begun")
    func boundedQueue() async throws {
        let threads = WorkerThreads(count: 1, queueLimit: 2)
        let gate = DispatchSemaphore(value: 0)
        let begun = DispatchSemaphore(value: 0)
        let done = Journal()
        async let first: Void = threads.run {
            begun.signal()
            gate.wait()
            return .success(done.note(1))
        }
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                begun.wait()
                continuation.resume()
            }
        }
        let second = Task { try await threads.run { .success(done.note(2)) } }
        while threads.waiting < 1 { await Task.yield() }
        let third = Task { try await threads.run { .success(done.note(3)) } }
        while threads.waiting < 2 { await Task.yield() }
        await #expect(throws: SecretsError.overloaded) { try await threads.run { .success(done.note(4)) } }
        second.cancel()
        gate.signal()
        try await first
        await #expect(throws: SecretsError.cancelled) { try await second.value }
        try await third.value
        #expect(done.entries == [1, 3])
    }

    private func peakMemoryKiB() throws -> Int {
        let status = try String(contentsOf: URL(filePath: "/proc/self/status"), encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(separator: " ").compactMap { Int($0) }.first)
    }
}

private final class Journal: Sendable {
    private let state = Mutex<[Int]>([])
    var entries: [Int] { state.withLock { $0 } }
    func note(_ entry: Int) { state.withLock { $0.append(entry) } }
}
