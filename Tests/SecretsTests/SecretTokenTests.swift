import Testing

@testable import Secrets

@Suite struct SecretTokenTests {
    @Test("a generated token has its prefix, reads back and keeps its hash", arguments: SecretToken.Kind.allCases)
    func roundTrip(kind: SecretToken.Kind) throws {
        let source = FixedRandom(seed: 42)
        for _ in 0..<200 {
            let token = try SecretToken(generating: kind, from: source)
            let text = token.revealed
            #expect(text.hasPrefix(kind.rawValue))
            #expect(text.utf8.count == kind.rawValue.utf8.count + 36)
            let read = try #require(SecretToken(parsing: text, as: kind))
            #expect(read == token)
            #expect(read.lookupHash == SHA256.digest(text))
            for other in SecretToken.Kind.allCases where other != kind {
                #expect(SecretToken(parsing: text, as: other) == nil)
            }
        }
    }

    @Test("a token with one other symbol, a cut or an addition is refused")
    func mistyped() throws {
        let token = try SecretToken(generating: .apiKey, from: FixedRandom(seed: 7))
        let symbols = Array(token.revealed)
        for index in symbols.indices {
            for replacement in ["A", "z", "0", "-", "é", " "] where String(symbols[index]) != replacement {
                var changed = symbols.map(String.init)
                changed[index] = replacement
                #expect(SecretToken(parsing: changed.joined(), as: .apiKey) == nil)
            }
            #expect(SecretToken(parsing: String(symbols[..<index]), as: .apiKey) == nil)
        }
        #expect(SecretToken(parsing: token.revealed + "0", as: .apiKey) == nil)
        #expect(SecretToken(parsing: "\0" + token.revealed, as: .apiKey) == nil)
    }

    @Test("no two tokens are equal and every symbol is used about equally often")
    func distribution() throws {
        var seen: Set<String> = []
        var counts: [Character: Int] = [:]
        for _ in 0..<2000 {
            let token = try SecretToken(generating: .deviceToken, from: SystemRandom())
            #expect(seen.insert(token.revealed).inserted)
            for symbol in token.revealed.dropFirst(7).prefix(30) { counts[symbol, default: 0] += 1 }
        }
        // 60,000 symbols over 62: 968 on average, standard deviation 31.
        #expect(counts.count == 62)
        #expect(counts.values.allSatisfy { (750...1190).contains($0) })
    }

    @Test("printing, describing and dumping a token shows its public part only")
    func printing() throws {
        let token = try SecretToken(generating: .apiKey, from: FixedRandom(seed: 3))
        var dumped = ""
        dump(token, to: &dumped)
        let secret = token.revealed.dropFirst(token.displayPrefix.count)
        for text in ["\(token)", String(reflecting: token), dumped] { #expect(!text.contains(secret)) }
        #expect(token.displayPrefix.utf8.count == 16)
    }
}
