import JSON
import Kernel

extension MessageDecoder {
    /// Appends the values and returns their shape.
    mutating func readValues(_ view: JSONView, path: StaticString, sequence: Double?, quality: Quality) -> Int32 {
        let firstName = batch.nameEnds.count
        let count = view.count
        if count == 0 { fault("\(path)", "must have at least one value") }
        guard count <= limits.valuesPerMessage else {
            fault("\(path)", "must have at most \(limits.valuesPerMessage) values")
            return 0
        }
        view.forEachMember { name, member in
            batch.nameBytes.append(contentsOf: name)
            batch.nameEnds.append(Int32(batch.nameBytes.count))
            readValue(member, quality: quality) { "\(path)/\(Self.pointer(name))" }
        }
        if let sequence {
            batch.nameBytes.append(contentsOf: "$seq".utf8)
            batch.nameEnds.append(Int32(batch.nameBytes.count))
            append(sequence, quality: .good)
        }
        return shape(from: firstName, path: path)
    }

    // MARK: - Shapes

    /// The shape of the names from `firstName` on: a known one, whose names are then dropped again, or a new one.
    private mutating func shape(from firstName: Int, path: StaticString) -> Int32 {
        let names = firstName..<batch.nameEnds.count
        // Messages of one kind follow each other; a gateway may alternate among a few.
        for known in batch.shapes.indices.suffix(4).reversed() where isSame(batch.shapes[known], names) {
            batch.nameBytes.removeSubrange(batch.byteRange(names))
            batch.nameEnds.removeSubrange(names)
            return Int32(known)
        }
        validateNames(names, path: path)
        batch.shapes.append(MessageBatch.Shape(firstName: Int32(firstName), count: Int32(names.count)))
        return Int32(batch.shapes.count - 1)
    }

    private func isSame(_ shape: MessageBatch.Shape, _ names: Range<Int>) -> Bool {
        guard Int(shape.count) == names.count else { return false }
        let known = Int(shape.firstName)..<Int(shape.firstName + shape.count)
        let (left, right) = (batch.byteRange(known), batch.byteRange(names))
        guard left.count == right.count else { return false }
        for (one, other) in zip(known, names)
        where Int(batch.nameEnds[one]) - left.lowerBound != Int(batch.nameEnds[other]) - right.lowerBound {
            return false
        }
        return batch.nameBytes[left].elementsEqual(batch.nameBytes[right])
    }

    private mutating func validateNames(_ names: Range<Int>, path: StaticString) {
        var seen = Set<ArraySlice<UInt8>>(minimumCapacity: names.count)
        for position in names {
            let name = batch.nameBytes[batch.nameRange(position)]
            let problem: String? =
                if name.isEmpty || name.count > limits.nameLength {
                    "must have a name of 1 to \(limits.nameLength) bytes"
                } else if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
                    "must have a name without control characters"
                } else if name.first == UInt8(ascii: "$"), !name.elementsEqual("$seq".utf8) {
                    "begins with \"$\", which is reserved for the platform"
                } else if !seen.insert(name).inserted {
                    "occurs twice"
                } else {
                    nil
                }
            if let problem {
                let token = name.withUnsafeBufferPointer { Self.pointer($0) }
                fault("\(path)/\(token)", problem)
            }
        }
    }

    // MARK: - Values

    private mutating func readValue(_ view: JSONView, quality: Quality, path: () -> String) {
        switch view.kind {
        case .number, .integer: append(view.number ?? 0, quality: quality)
        case .object:
            guard let inner = view.member("value"), Self.isQualified(view) else {
                return readDocument(view, quality: quality, path: path)
            }
            let stated = view.member("quality").map { readQuality($0, at: "\(path())/quality") }
            if inner.kind == .object { return readDocument(inner, quality: stated ?? quality, path: path) }
            readValue(inner, quality: stated ?? quality) { "\(path())/value" }
        case .boolean: append(.boolean(view.boolean ?? false), quality: quality)
        case .string:
            let text = view.string ?? ""
            if text.unicodeScalars.count > limits.textLength {
                fault(path(), "must have at most \(limits.textLength) characters")
            } else if text.utf8.contains(0) {
                fault(path(), "must not contain U+0000")
            }
            append(.text(text), quality: quality)
        case .array: readDocument(view, quality: quality, path: path)
        case .null: fault(path(), "must not be null: leave out what was not measured")
        }
    }

    /// Whether an object is a value with its quality rather than a document: no members but those two.
    private static func isQualified(_ view: JSONView) -> Bool {
        view.count == 1 || (view.count == 2 && view.member("quality") != nil)
    }

    private mutating func readDocument(_ view: JSONView, quality: Quality, path: () -> String) {
        do {
            let document = try JSONValue(view: view)
            let bytes = document.bytes
            if bytes.count > limits.documentLength {
                fault(path(), "must have at most \(limits.documentLength) bytes as JSON")
            } else if document.containsNUL {
                fault(path(), "must not contain U+0000")
            }
            append(.json(bytes), quality: quality)
        } catch {
            fault(path(), (error as? JSONError)?.description ?? "is not readable")
        }
    }

    private mutating func append(_ number: Double, quality: Quality) {
        batch.values.append(number)
        note(quality)
    }

    private mutating func append(_ value: OtherValue, quality: Quality) {
        batch.others.append((position: Int32(batch.values.count), value: value))
        batch.values.append(.nan)
        note(quality)
    }

    private mutating func note(_ quality: Quality) {
        if batch.qualities.isEmpty {
            guard quality != .good else { return }
            batch.qualities = Array(repeating: .good, count: batch.values.count - 1)
        }
        batch.qualities.append(quality)
    }

    // MARK: - What stands around the values

    mutating func readTime(_ view: JSONView) -> Timestamp? {
        if let milliseconds = view.integer {
            let range = Timestamp.earliest.milliseconds...Timestamp.latest.milliseconds
            if range.contains(milliseconds) { return Timestamp(milliseconds: milliseconds) }
        } else if let text = view.utf8 {
            if let time = Timestamp(plainUTC: text) { return time }
            if let time = Timestamp(rfc3339: String(decoding: text, as: UTF8.self)) { return time }
        }
        fault("/ts", "must be a time (RFC 3339 or epoch milliseconds)")
        return nil
    }

    /// Up to 2^53, so that it is exact as a number.
    mutating func readSequence(_ view: JSONView) -> Double? {
        if let sequence = view.integer, (0...1 << 53).contains(sequence) { return Double(sequence) }
        fault("/seq", "must be a whole number from 0 to 9007199254740992")
        return nil
    }

    mutating func readQuality(_ view: JSONView, at path: @autoclosure () -> String) -> Quality {
        if let text = view.utf8, let quality = Quality.allCases.first(where: { text.isEqual(to: $0.name) }) {
            return quality
        }
        fault(path(), "must be one of good, bad, stale, unknown")
        return .good
    }

    mutating func readType(_ view: JSONView) -> MessageType {
        if let text = view.utf8, let type = MessageType.allCases.first(where: { text.isEqual(to: $0.name) }) {
            return type
        }
        fault("/type", "must be one of measurement, diagnostic, location, data_usage, power")
        return .measurement
    }
}

extension JSONValue {
    /// PostgreSQL's jsonb cannot keep U+0000.
    var containsNUL: Bool {
        switch self {
        case .string(let text): text.utf8.contains(0)
        case .array(let elements): elements.contains(where: \.containsNUL)
        case .object(let object): object.members.contains { $0.name.utf8.contains(0) || $0.value.containsNUL }
        default: false
        }
    }
}
