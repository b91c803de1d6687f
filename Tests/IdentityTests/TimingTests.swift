import Kernel
import Secrets
import Tenancy
import TestStorage
import Testing

@testable import Identity

@Suite(.serialized) struct TimingTests {
    @Test("an unknown account takes as long as a wrong password, within a tenth")
    func sameTime() async throws {
        try await IdentityFixture.with(hashing: .recommended) { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["viewer"])
            // The fastest of many is what the work takes: other work on the machine only adds to it.
            var (known, unknown) = (Duration.seconds(60), Duration.seconds(60))
            var ratio: Double { known / unknown }
            for round in 0..<40 where round < 10 || !(0.9...1.1).contains(ratio) {
                known = min(known, try await Self.time(f, person.email))
                unknown = min(unknown, try await Self.time(f, "u\(UserID.make().description.suffix(12))@example.com"))
            }
            #expect((0.9...1.1).contains(ratio), "known to unknown: \(ratio)")
        }
    }

    @Test("two hundred sign-ins at once hold the memory of one hash and are all answered")
    func bounded() async throws {
        try await IdentityFixture.with(hashing: Argon2Parameters(memory: 8192, passes: 1, lanes: 1)) { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["viewer"])
            let outcomes = await withTaskGroup(of: ErrorCode?.self) { group in
                for number in 0..<200 {
                    let origin = RequestOrigin(address: "198.18.\(number / 200).\(number % 200)", requestID: "r")
                    group.addTask {
                        await code {
                            try await f.signIns.signIn(
                                email: person.email, password: "a good password", organization: nil, from: origin)
                        }
                    }
                }
                return await group.reduce(into: [ErrorCode?: Int]()) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes.keys.allSatisfy { $0 == nil || $0 == .unavailable }, "\(outcomes)")
            #expect(outcomes[nil] ?? 0 > 0)
        }
    }

    @Test("a sign-in after the parameters have changed stores a hash with the new ones, and the next leaves it alone")
    func rehashes() async throws {
        try await IdentityFixture.with { f in
            let organization = try await f.organization()
            let person = try await f.person("a good password")
            _ = try await f.join(organization, person.email, ["viewer"])
            let changed = Argon2Parameters(memory: 512, passes: 1, lanes: 1)
            let keyring = SealingKeyring(current: try SealingKey(version: 1, bytes: [UInt8](repeating: 7, count: 32)))
            let signIns = SignInService(
                auth: f.auth, tenants: f.tenants, hasher: try PasswordHasher(parameters: changed, concurrency: 1),
                keys: f.keys, keyring: keyring)
            func stored() async throws -> String? {
                try await f.signIns.queries.account(person.email)?.passwordHash
            }
            let before = try #require(try await stored())
            #expect(!before.contains("m=512,"))
            var hashes: [String?] = []
            for _ in 0..<2 {
                _ = try await signIns.signIn(
                    email: person.email, password: "a good password", organization: nil, from: f.origin)
                hashes.append(try await stored())
            }
            #expect(hashes.first??.contains("m=512,") == true)
            #expect(hashes.first == hashes.last)
            _ = await code {
                try await f.signIns.signIn(
                    email: person.email, password: "wrong password", organization: nil, from: f.origin)
            }
            #expect(try await stored() == hashes.last, "a wrong password changes nothing")
        }
    }

    private static func time(_ f: IdentityFixture, _ email: String) async throws -> Duration {
        let origin = RequestOrigin(
            address: "203.0.113.\(Int.random(in: 1...254))", requestID: "r")
        let clock = ContinuousClock()
        let start = clock.now
        let refusal = await code {
            try await f.signIns.signIn(email: email, password: "wrong password", organization: nil, from: origin)
        }
        #expect(refusal == .invalidCredentials)
        return clock.now - start
    }
}
