import Devices
import Testing

@Suite("What entities are found by")
struct SearchEntryTests {
    @Test("case and accents do not count")
    func folding() {
        #expect(SearchEntry.key("Süd-WEST") == Array("sud-west".utf8))
        #expect(SearchEntry.key("Straße") == Array("straße".utf8))
    }

    @Test("a key has at most 64 bytes and never ends inside of a character")
    func cut() {
        let key = SearchEntry.key(String(repeating: "界", count: 40))
        #expect(key.count == 63)
        #expect(String(validating: key, as: UTF8.self) != nil)
    }

    @Test("a text is found by its words and by their parts")
    func words() {
        #expect(SearchEntry.words("Meter SD-MM-1, stall") == ["Meter", "SD-MM-1,", "SD", "MM", "1", "stall"])
    }

    @Test("all that begins with a prefix lies below its end, and nothing else")
    func prefixes() {
        let end = SearchEntry.end(ofPrefix: SearchEntry.key("ab"))
        #expect(SearchEntry.key("abzzz").lexicographicallyPrecedes(end))
        #expect(!SearchEntry.key("ac").lexicographicallyPrecedes(end))
    }
}
