import MQTTCodec

/// Numbers for the texts between the slashes, so that each is stored and hashed once however many topics have it.
struct LevelNames {
    static let one: UInt32 = 0
    static let rest: UInt32 = 1

    private var numbers: [MQTTString: UInt32] = [:]
    private var uses: [UInt32] = [0, 0]
    private var free: [UInt32] = []

    var count: Int { numbers.count }

    /// - Returns: nil when nobody uses the text.
    func number(of text: MQTTString) -> UInt32? { numbers[text] }

    /// Takes the text into use once more.
    mutating func use(_ text: MQTTString) -> UInt32 {
        if let number = numbers[text] {
            uses[Int(number)] += 1
            return number
        }
        let number: UInt32
        if let last = free.popLast() {
            number = last
            uses[Int(number)] = 1
        } else {
            number = UInt32(uses.count)
            uses.append(1)
        }
        numbers[text.detached()] = number
        return number
    }

    /// Gives back one use.
    mutating func release(_ text: MQTTString, _ number: UInt32) {
        uses[Int(number)] -= 1
        guard uses[Int(number)] == 0 else { return }
        numbers[text] = nil
        free.append(number)
    }
}

extension MQTTString {
    /// Calls `body` with every level (§4.7.1.1).
    @inline(__always)
    func forEachLevel(_ body: (MQTTString) -> Void) {
        var start = 0
        while let slash = firstSlash(from: start) {
            body(level(start..<slash))
            start = slash + 1
        }
        body(level(start..<count))
    }

    private func firstSlash(from start: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            var index = start
            while index < bytes.count {
                if bytes[index] == UInt8(ascii: "/") { return index }
                index += 1
            }
            return nil
        }
    }

    var isSingleLevelWildcard: Bool { count == 1 && bytes[0] == UInt8(ascii: "+") }
    var isMultiLevelWildcard: Bool { count == 1 && bytes[0] == UInt8(ascii: "#") }
}
