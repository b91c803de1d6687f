import Testing

@testable import Secrets

@Suite struct SealingTests {
    private let context = SealingContext(organization: "platform", table: "signing_keys", row: "kid-1")

    @Test("a sealed value has the documented form and opens again")
    func knownAnswer() throws {
        let ring = SealingKeyring(current: try SealingKey(version: 7, bytes: Array(0..<32)))
        let sealed = try ring.seal(
            Array("the private key".utf8), for: context, random: FixedRandom(always: Array(100..<112)))
        #expect(
            Hexadecimal.encode(sealed)
                == "01000000076465666768696a6b6c6d6e6f3c73bb46099b3fe85f163ac8b10013ee476bc0e78e26d4adf377420743aa72")
        #expect(try ring.open(sealed, for: context) == Array("the private key".utf8))
    }

    @Test("empty and large values survive sealing")
    func sizes() throws {
        let ring = SealingKeyring(current: try SealingKey(generating: 1, from: SystemRandom()))
        for length in [0, 1, 15, 16, 17, 100_000] {
            let plaintext = try SystemRandom().bytes(length)
            #expect(
                try ring.open(ring.seal(plaintext, for: context, random: SystemRandom()), for: context) == plaintext)
        }
    }

    @Test(
        "ciphertext moved to another organization, table or row does not open",
        arguments: [
            SealingContext(organization: "other", table: "signing_keys", row: "kid-1"),
            SealingContext(organization: "platform", table: "user_factors", row: "kid-1"),
            SealingContext(organization: "platform", table: "signing_keys", row: "kid-2"),
            SealingContext(organization: "platformsigning_keys", table: "", row: "kid-1"),
        ])
    func swapped(other: SealingContext) throws {
        let ring = SealingKeyring(current: try SealingKey(generating: 1, from: SystemRandom()))
        let sealed = try ring.seal([1, 2, 3], for: context, random: SystemRandom())
        #expect(throws: SecretsError.notAuthentic) { try ring.open(sealed, for: other) }
    }

    @Test("every changed byte and every cut is refused")
    func tampered() throws {
        let ring = SealingKeyring(current: try SealingKey(generating: 1, from: SystemRandom()))
        let sealed = try ring.seal([1, 2, 3], for: context, random: SystemRandom())
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SecretsError.self) { try ring.open(changed, for: context) }
            #expect(throws: SecretsError.self) { try ring.open(Array(sealed[..<index]), for: context) }
        }
    }

    @Test("after a rotation new values use the new key and old ones still open, until the old key is gone")
    func rotation() throws {
        let first = try SealingKey(generating: 1, from: SystemRandom())
        let second = try SealingKey(generating: 2, from: SystemRandom())
        let sealed = try SealingKeyring(current: first).seal([9], for: context, random: SystemRandom())
        let both = SealingKeyring(current: second, older: [first])
        #expect(try both.open(sealed, for: context) == [9])
        #expect(try SealingKeyring.keyVersion(of: both.seal([9], for: context, random: SystemRandom())) == 2)
        #expect(throws: SecretsError.unknownKeyVersion(1)) {
            try SealingKeyring(current: second).open(sealed, for: context)
        }
    }

    @Test("keys are read from configuration, current first, and bad ones are named")
    func configuration() throws {
        let hexadecimal = String(repeating: "0f", count: 32)
        #expect(try SealingKeyring(parsing: hexadecimal).current.version == 1)
        let encoded = Base64URL.encode([UInt8](repeating: 3, count: 32))
        #expect(try SealingKeyring(parsing: "2:\(encoded),1:\(hexadecimal)").current.version == 2)
        for bad in ["", "x:\(hexadecimal)", "1:abcd", "1:\(hexadecimal),1:\(encoded)", "1:2:\(hexadecimal)"] {
            #expect(throws: SecretsError.self) { try SealingKeyring(parsing: bad) }
        }
    }

    @Test("a key prints its number, not itself")
    func printing() throws {
        let key = try SealingKey(version: 4, bytes: [UInt8](repeating: 0xab, count: 32))
        var dumped = ""
        dump(key, to: &dumped)
        #expect("\(key)" == "sealing key 4")
        #expect(!dumped.contains("171"))
    }
}
