import Testing

@testable import Secrets

@Suite struct DigestTests {
    @Test("SHA-256 gives the digests of FIPS 180-4")
    func knownDigests() {
        #expect(SHA256.digest("abc").hexadecimal == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(SHA256.digest("").hexadecimal == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(
            SHA256.digest(repeatElement(UInt8(ascii: "a"), count: 1_000_000)).hexadecimal
                == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test("HMAC-SHA256 gives the tags of RFC 4231, for short and for long keys")
    func knownTags() {
        #expect(
            HMACSHA256.tag(of: "what do ya want for nothing?".utf8, key: Array("Jefe".utf8)).hexadecimal
                == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        let longKey = [UInt8](repeating: 0xaa, count: 131)
        #expect(
            HMACSHA256.tag(of: "Test Using Larger Than Block-Size Key - Hash Key First".utf8, key: longKey).hexadecimal
                == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
    }

    @Test("a digest keeps its bytes and differs from every digest with one other bit")
    func bytesSurvive() throws {
        let digest = SHA256.digest("rookery")
        #expect(Digest256(digest.bytes) == digest)
        #expect(Digest256(digest.bytes.dropLast()) == nil)
        for bit in 0..<256 {
            var bytes = digest.bytes
            bytes[bit / 8] ^= 1 << (bit % 8)
            #expect(try #require(Digest256(bytes)) != digest)
        }
    }

    @Test("secrets of equal and of different length are compared rightly")
    func comparison() {
        #expect(ConstantTime.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2]))
        #expect(ConstantTime.areEqual([UInt8](), [UInt8]()))
    }

    @Test("base64url gives the texts of RFC 4648 and takes every length back")
    func base64url() throws {
        #expect(Base64URL.encode(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64URL.encode([0xfb, 0xff]) == "-_8")
        let source = FixedRandom(seed: 1)
        for length in 0..<100 {
            let bytes = try source.bytes(length)
            #expect(Base64URL.decode(Array(Base64URL.encode(bytes).utf8)) == bytes)
        }
    }

    @Test(
        "base64url refuses a second spelling of the same bytes",
        arguments: ["Zg==", "Zh", "Z", "Zm9v YmFy", "Zm+v", "Zm/v", "Zg=", "Zm9\u{f6}"])
    func strictBase64url(text: String) {
        #expect(Base64URL.decode(Array(text.utf8)) == nil)
    }
}
