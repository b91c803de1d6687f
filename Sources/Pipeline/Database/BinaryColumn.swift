import FoundationEssentials
import PostgresClient

/// One column of a group commit as a PostgreSQL binary array, written straight into its own memory while the lane decides:
/// two stores a value, no allocation once it has grown. Confined to the lane that owns it.
final class BinaryColumn<Kind: ColumnKind> {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private var size: Int
    private(set) var count: Int32 = 0
    private var hasNulls = false

    private static var headerSize: Int { 20 }

    init(bytes capacity: Int = 4_096) {
        self.capacity = capacity
        base = .allocate(byteCount: capacity, alignment: 8)
        size = Self.headerSize
    }

    deinit { base.deallocate() }

    @inline(__always)
    func append<Value: FixedWidthInteger>(_ value: Value) {
        let width = MemoryLayout<Value>.size
        reserve(4 + width)
        (base + size).storeBytes(of: Int32(truncatingIfNeeded: width).bigEndian, as: Int32.self)
        (base + size + 4).storeBytes(of: value.bigEndian, as: Value.self)
        size += 4 + width
        count += 1
    }

    func append(uuid: UUID) {
        reserve(20)
        (base + size).storeBytes(of: Int32(16).bigEndian, as: Int32.self)
        (base + size + 4).storeBytes(of: uuid.uuid, as: uuid_t.self)
        size += 20
        count += 1
    }

    /// `prefix`: what the type puts before its bytes, such as jsonb's version.
    func append(bytes: [UInt8], prefix: UInt8? = nil) {
        let width = bytes.count + (prefix == nil ? 0 : 1)
        reserve(4 + width)
        (base + size).storeBytes(of: Int32(truncatingIfNeeded: width).bigEndian, as: Int32.self)
        size += 4
        if let prefix {
            (base + size).storeBytes(of: prefix, as: UInt8.self)
            size += 1
        }
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { (base + size).copyMemory(from: start, byteCount: source.count) }
        }
        size += bytes.count
        count += 1
    }

    func appendNull() {
        reserve(4)
        (base + size).storeBytes(of: Int32(-1).bigEndian, as: Int32.self)
        size += 4
        count += 1
        hasNulls = true
    }

    /// Empties it and keeps its memory.
    func removeAll() {
        size = Self.headerSize
        count = 0
        hasNulls = false
    }

    /// The array as it goes into a statement.
    func sealed() -> SealedColumn<Kind> {
        let dimensions: Int32 = count == 0 ? 0 : 1
        base.storeBytes(of: dimensions.bigEndian, as: Int32.self)
        (base + 4).storeBytes(of: Int32(hasNulls ? 1 : 0).bigEndian, as: Int32.self)
        (base + 8).storeBytes(of: Kind.type.oid.bigEndian, as: UInt32.self)
        (base + 12).storeBytes(of: count.bigEndian, as: Int32.self)
        (base + 16).storeBytes(of: Int32(1).bigEndian, as: Int32.self)
        let length = count == 0 ? 12 : size
        return SealedColumn(bytes: Array(UnsafeRawBufferPointer(start: base, count: length)))
    }

    @inline(__always)
    private func reserve(_ more: Int) {
        if size + more > capacity { grow(more) }
    }

    private func grow(_ more: Int) {
        let wider = max(capacity * 2, size + more)
        let moved = UnsafeMutableRawPointer.allocate(byteCount: wider, alignment: 8)
        moved.copyMemory(from: base, byteCount: size)
        base.deallocate()
        base = moved
        capacity = wider
    }
}

/// The finished bytes of a column, ready to be bound.
struct SealedColumn<Kind: ColumnKind>: PostgresEncodable {
    let bytes: [UInt8]

    static var postgresType: PostgresType { PostgresType(oid: Kind.type.arrayOID) }
    func encode(into buffer: inout PostgresBuffer) { buffer.bytes.append(contentsOf: bytes) }
}

protocol ColumnKind: Sendable {
    static var type: PostgresType { get }
}

enum SmallIntegers: ColumnKind { static var type: PostgresType { .int2 } }
enum Integers: ColumnKind { static var type: PostgresType { .int4 } }
enum BigIntegers: ColumnKind { static var type: PostgresType { .int8 } }
enum Doubles: ColumnKind { static var type: PostgresType { .float8 } }
enum Instants: ColumnKind { static var type: PostgresType { .timestamptz } }
enum UUIDs: ColumnKind { static var type: PostgresType { .uuid } }
enum ByteStrings: ColumnKind { static var type: PostgresType { .bytea } }
enum Documents: ColumnKind { static var type: PostgresType { .jsonb } }

extension BinaryColumn where Kind == Doubles {
    @inline(__always)
    func append(_ value: Double) { append(value.bitPattern) }
}

extension BinaryColumn where Kind == Instants {
    /// 2000-01-01, from where PostgreSQL counts microseconds.
    private static var epoch: Int64 { 946_684_800_000_000 }

    @inline(__always)
    func append(microseconds: Int64) { append(microseconds &- Self.epoch) }
}

extension BinaryColumn where Kind == Documents {
    func append(document: [UInt8]) { append(bytes: document, prefix: 1) }
}
