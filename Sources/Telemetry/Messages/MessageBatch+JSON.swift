import JSON
import Kernel

extension OtherValue: JSONWritable {
    package func write(to json: inout JSONWriter) {
        switch self {
        case .boolean(let value): json.value(value)
        case .text(let text): json.string(text)
        case .json(let bytes): json.raw(bytes)
        }
    }
}

extension MessageBatch {
    /// Writes the members `values` and, where one is not good, `quality` (by name) into the current object.
    package func writeValues(of index: Int, to json: inout JSONWriter) {
        let message = messages[index]
        let shape = shapes[Int(message.shape)]
        let first = Int(message.firstValue)
        json.field("values") { json in
            json.object { json in
                for position in 0..<Int(shape.count) {
                    json.name(named: name(Int(shape.firstName) + position))
                    if let other = other(at: first + position) {
                        json.value(other)
                    } else {
                        json.number(values[first + position])
                    }
                }
            }
        }
        let isGood = qualities.isEmpty || qualities[valueRange(of: message)].allSatisfy { $0 == .good }
        guard !isGood else { return }
        json.field("quality") { json in
            json.object { json in
                for position in 0..<Int(shape.count) where quality(at: first + position) != .good {
                    json.name(named: name(Int(shape.firstName) + position))
                    json.raw(quality(at: first + position).name.quoted)
                }
            }
        }
    }

    /// A message as JSON: `{"ts", "type", "values", "quality"}`.
    package func json(of index: Int, time: Timestamp) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("ts", time)
            json.field("type", "\(messages[index].type.name)")
            writeValues(of: index, to: &json)
        }
        return json.bytes
    }
}

extension StaticString {
    fileprivate var quoted: [UInt8] { Array("\"\(self)\"".utf8) }
}
