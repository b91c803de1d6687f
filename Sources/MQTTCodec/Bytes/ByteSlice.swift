#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Immutable bytes, shared and never copied: a run of memory together with whatever keeps it alive.
///
/// A payload is a slice of the buffer that came from the network, for as long as nobody stores it. What is kept for longer
/// should be ``detached()``, or a small message would hold a large buffer.
package struct ByteSlice: @unchecked Sendable {
    // Sendable holds because the memory is never written while a slice exists: `owner` is either a `ByteStorage` that is
    // filled before it is shared, or a reference by which the owner knows that its bytes are shared (copy on write).
    private let owner: AnyObject?
    private let base: UnsafeRawPointer?
    package let count: Int

    /// - Parameter owner: keeps `bytes` valid and unchanged while it is referenced.
    package init(unsafeBytes bytes: UnsafeRawBufferPointer, owner: AnyObject?) {
        self.owner = owner
        base = bytes.baseAddress
        count = bytes.count
    }

    package init() { (owner, base, count) = (nil, nil, 0) }

    package init(copying bytes: UnsafeRawBufferPointer) {
        guard bytes.count > 0 else {
            self.init()
            return
        }
        let storage = ByteStorage.make(capacity: bytes.count)
        storage.append(bytes)
        self = storage.slice(0..<bytes.count)
    }

    package init(_ bytes: some Sequence<UInt8>) {
        self = Array(bytes).withUnsafeBytes { ByteSlice(copying: $0) }
    }

    package var isEmpty: Bool { count == 0 }

    /// Whether both keep the same memory alive.
    package func sharesMemory(with other: ByteSlice) -> Bool { owner != nil && owner === other.owner }

    @inline(__always)
    package func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let result = try body(UnsafeRawBufferPointer(start: base, count: count))
        withExtendedLifetime(owner) {}
        return result
    }

    package subscript(index: Int) -> UInt8 {
        precondition(index >= 0 && index < count)
        return withUnsafeBytes { $0[index] }
    }

    package subscript(range: Range<Int>) -> ByteSlice {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        guard !range.isEmpty else { return ByteSlice() }
        return withUnsafeBytes { ByteSlice(unsafeBytes: UnsafeRawBufferPointer(rebasing: $0[range]), owner: owner) }
    }

    package func dropFirst(_ length: Int) -> ByteSlice { self[min(length, count)..<count] }

    /// The same bytes in memory of their own.
    package func detached() -> ByteSlice { withUnsafeBytes { ByteSlice(copying: $0) } }

    package var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension ByteSlice: Hashable {
    package static func == (left: ByteSlice, right: ByteSlice) -> Bool {
        guard left.count == right.count, left.count > 0, left.base != right.base else {
            return left.count == right.count
        }
        return left.withUnsafeBytes { left in
            right.withUnsafeBytes { right in
                guard let left = left.baseAddress, let rightBase = right.baseAddress else { return false }
                return memcmp(left, rightBase, right.count) == 0
            }
        }
    }

    package func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}

/// Memory that grows by appending and is shared by slices once it is full.
final class ByteStorage: ManagedBuffer<Int, UInt8> {
    static func make(capacity: Int) -> ByteStorage {
        let buffer = ByteStorage.create(minimumCapacity: capacity) { _ in 0 }
        return unsafeDowncast(buffer, to: ByteStorage.self)
    }

    /// The bytes written so far.
    var count: Int { header }

    /// - Precondition: there is room for them, and no slice covers what is written now.
    func append(_ bytes: UnsafeRawBufferPointer) {
        precondition(header + bytes.count <= capacity)
        guard let source = bytes.baseAddress else { return }
        withUnsafeMutablePointers { used, elements in
            UnsafeMutableRawPointer(elements + used.pointee).copyMemory(from: source, byteCount: bytes.count)
            used.pointee += bytes.count
        }
    }

    func slice(_ range: Range<Int>) -> ByteSlice {
        precondition(range.lowerBound >= 0 && range.upperBound <= header)
        return withUnsafeMutablePointerToElements { elements in
            ByteSlice(
                unsafeBytes: UnsafeRawBufferPointer(start: elements + range.lowerBound, count: range.count), owner: self
            )
        }
    }

    /// A larger storage with the same bytes.
    func grown(to capacity: Int) -> ByteStorage {
        let larger = ByteStorage.make(capacity: capacity)
        withUnsafeMutablePointers { used, elements in
            larger.append(UnsafeRawBufferPointer(start: elements, count: used.pointee))
        }
        return larger
    }
}
