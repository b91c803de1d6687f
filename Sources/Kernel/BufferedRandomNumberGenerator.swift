import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The system's random numbers, fetched many at a time: asking the kernel for each eight bytes was the dearest part of an id.
///
/// For ids of records, requests and spans. What must stay secret (tokens, keys) is taken from the system directly.
package struct BufferedRandomNumberGenerator: RandomNumberGenerator {
    private static let store = Mutex<[UInt64]>([])

    package init() {}

    package mutating func next() -> UInt64 {
        Self.store.withLock { words in
            if words.isEmpty { words = Self.fetch() }
            // Taken out, so that no number is given twice.
            return words.popLast() ?? UInt64.random(in: .min ... .max)
        }
    }

    /// getentropy(3) gives at most 256 bytes at a time, and always all of them.
    private static func fetch() -> [UInt64] {
        [UInt64](unsafeUninitializedCapacity: 32) { buffer, count in
            count = getentropy(UnsafeMutableRawPointer(buffer.baseAddress), 256) == 0 ? 32 : 0
        }
    }
}
