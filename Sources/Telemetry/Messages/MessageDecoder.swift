import JSON
import Kernel

/// Reads the platform's own message format from JSON, straight from the parser's tape.
///
/// A message is `{"values": {…}}` with optional `ts` (RFC 3339 or epoch milliseconds), `seq`, `type` and `quality`, or a
/// bare object of values. A value is a number, a boolean, a text, an array, an object, or `{"value": …, "quality": "bad"}`.
/// `seq` is kept as the datapoint `$seq`. All faults of a body are named; a body with a fault is refused whole.
package struct MessageDecoder {
    package enum Form: Sendable {
        /// One device's messages: a message, or an array of messages.
        case singleDevice
        /// `{"messages": [{"device": "key or id", …}]}`.
        case manyDevices
    }

    let limits: MessageLimits
    var batch = MessageBatch()
    var faults: [FieldFault] = []
    /// Position of the current message in its list; nil for a message that stands alone.
    var element: Int?
    let form: Form
    private var devicePositions: [String: Int32] = [:]

    private init(form: Form, limits: MessageLimits) {
        self.form = form
        self.limits = limits
    }

    /// - Throws: `malformed-request` for what is no JSON, `invalid-input` with every fault.
    package static func decode(
        _ body: UnsafeRawBufferPointer, form: Form, limits: MessageLimits = MessageLimits()
    ) throws(ServiceError) -> MessageBatch {
        try read(body, form: form, limits: limits).get()
    }

    package static func decode(
        bytes: [UInt8], form: Form, limits: MessageLimits = MessageLimits()
    ) throws(ServiceError) -> MessageBatch {
        try bytes.withUnsafeBytes { read($0, form: form, limits: limits) }.get()
    }

    private static func read(
        _ body: UnsafeRawBufferPointer, form: Form, limits: MessageLimits
    ) -> Result<MessageBatch, ServiceError> {
        var decoder = MessageDecoder(form: form, limits: limits)
        do {
            try JSONParser.withPooled { try $0.parse(body) { decoder.readBody($0) } }
        } catch {
            let reason = (error as? JSONError).map { ": \($0.description)" } ?? ""
            return .failure(ServiceError(.malformedRequest, "The body is not JSON\(reason).", cause: error))
        }
        return decoder.faults.isEmpty ? .success(decoder.batch) : .failure(.invalidInput(decoder.faults))
    }

    // MARK: - Structure

    private mutating func readBody(_ root: JSONView) {
        switch (form, root.kind) {
        case (.singleDevice, .object): readMessage(root)
        case (.singleDevice, .array): readMessages(root, at: "")
        case (.singleDevice, _): fault("", "must be a message or a list of messages")
        case (.manyDevices, .object):
            guard let list = root.member("messages") else { return fault("/messages", "is required") }
            root.forEachMember { name, _ in
                if !name.isEqual(to: "messages") { fault("/\(Self.pointer(name))", "is not a known field") }
            }
            guard list.kind == .array else { return fault("/messages", "must be a list") }
            readMessages(list, at: "/messages")
        case (.manyDevices, _): fault("", "must be an object with \"messages\"")
        }
    }

    private mutating func readMessages(_ list: JSONView, at path: StaticString) {
        let count = list.count
        guard count > 0 else { return fault("\(path)", "must have at least one message") }
        guard count <= limits.messagesPerRequest else {
            return fault("\(path)", "must have at most \(limits.messagesPerRequest) messages")
        }
        batch.messages.reserveCapacity(count)
        var index = 0
        list.forEachElement { view in
            element = index
            index += 1
            if view.kind == .object { readMessage(view) } else { fault("", "must be an object") }
        }
        element = nil
    }

    private mutating func readMessage(_ view: JSONView) {
        let first = Int32(batch.values.count)
        var message = MessageBatch.Message(device: -1, time: nil, type: .measurement, shape: 0, firstValue: first)
        if form == .manyDevices || view.member("values") != nil {
            readEnvelope(view, into: &message)
        } else {
            if view.member("ts") != nil {
                fault("/ts", "is the time of a message, so its values belong into \"values\"")
            }
            message.shape = readValues(view, path: "", sequence: nil, quality: .good)
        }
        batch.messages.append(message)
    }

    private mutating func readEnvelope(_ view: JSONView, into message: inout MessageBatch.Message) {
        var (sequence, quality): (Double?, Quality) = (nil, .good)
        var (values, device): (JSONView?, JSONView?) = (nil, nil)
        var seen: UInt8 = 0
        view.forEachMember { name, member in
            var bit: UInt8 = 0
            if name.isEqual(to: "values") {
                bit = 1
                values = member
            } else if name.isEqual(to: "ts") {
                bit = 2
                message.time = readTime(member)
            } else if name.isEqual(to: "seq") {
                bit = 4
                sequence = readSequence(member)
            } else if name.isEqual(to: "quality") {
                bit = 8
                quality = readQuality(member, at: "/quality")
            } else if name.isEqual(to: "type") {
                bit = 16
                message.type = readType(member)
            } else if form == .manyDevices, name.isEqual(to: "device") {
                bit = 32
                device = member
            } else {
                fault("/\(Self.pointer(name))", "is not a known field")
            }
            if seen & bit != 0 { fault("/\(Self.pointer(name))", "occurs twice") }
            seen |= bit
        }
        if form == .manyDevices { message.device = readDevice(device) }
        guard let values else { return fault("/values", "is required") }
        guard values.kind == .object else {
            return fault("/values", "must be an object of datapoints and their values")
        }
        message.shape = readValues(values, path: "/values", sequence: sequence, quality: quality)
    }

    private mutating func readDevice(_ view: JSONView?) -> Int32 {
        guard let view else {
            fault("/device", "is required")
            return -1
        }
        guard let text = view.string, (1...200).contains(text.utf8.count) else {
            fault("/device", "must be a device key or id")
            return -1
        }
        if let known = devicePositions[text] { return known }
        let position = Int32(batch.devices.count)
        batch.devices.append(text)
        devicePositions[text] = position
        return position
    }

    // MARK: - Faults

    /// `path` begins at the message.
    mutating func fault(_ path: String, _ detail: String) {
        guard faults.count < limits.reportedFaults else { return }
        var pointer = element == nil || form == .singleDevice ? "" : "/messages"
        if let element { pointer += "/\(element)" }
        faults.append(FieldFault(pointer: pointer + path, detail: detail))
    }

    /// A name as a reference token (RFC 6901, section 3), cut where it is absurdly long.
    static func pointer(_ name: UnsafeBufferPointer<UInt8>) -> String {
        var token: [UInt8] = []
        for byte in name.prefix(200) {
            switch byte {
            case UInt8(ascii: "~"): token += "~0".utf8
            case UInt8(ascii: "/"): token += "~1".utf8
            default: token.append(byte)
            }
        }
        return String(decoding: token, as: UTF8.self)
    }
}
