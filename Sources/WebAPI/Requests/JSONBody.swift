import HTTPTypes
import JSON
import Kernel
import NIOCore

/// Reads the bodies of routes that take JSON.
enum JSONBody {
    /// Nil for routes that take none or read bytes, and for an empty body that may be empty.
    /// - Throws: `malformed-request` for what is no JSON, `unsupported-media-type` for what does not claim to be.
    static func read(_ bytes: ByteBuffer, _ headers: HTTPFields, as kind: RouteDescription.Body) throws(ServiceError)
        -> JSONValue?
    {
        guard kind == .json || kind == .optionalJSON else { return nil }
        guard bytes.readableBytes > 0 else {
            if kind == .optionalJSON { return nil }
            throw ServiceError(.malformedRequest, "The body is empty; this request takes JSON.")
        }
        if let type = headers[.contentType], !isJSON(type) {
            throw ServiceError(.unsupportedMediaType, "The body must be JSON: Content-Type: application/json.")
        }
        do {
            let value = try JSONValue(parsing: bytes.readableBytesView)
            try refuseNUL(in: value, bytes)
            return value
        } catch let error as ServiceError {
            throw error
        } catch let error as JSONError {
            throw ServiceError(.malformedRequest, "The body is not JSON: \(error.description).")
        } catch {
            throw ServiceError(.malformedRequest, "The body is not JSON.", cause: error)
        }
    }

    /// PostgreSQL keeps no NUL in a text, so none gets in, wherever in the body it is.
    private static func refuseNUL(in value: JSONValue, _ bytes: ByteBuffer) throws(ServiceError) {
        guard bytes.readableBytesView.firstRange(of: Array(#"\u0000"#.utf8)) != nil else { return }
        var faults: [FieldFault] = []
        func visit(_ value: JSONValue, _ pointer: String) {
            switch value {
            case .string(let text) where text.utf8.contains(0):
                faults.append(FieldFault(pointer: pointer, detail: "must not have the character NUL"))
            case .array(let elements):
                for (index, element) in elements.enumerated() { visit(element, "\(pointer)/\(index)") }
            case .object(let object):
                for (name, member) in object.members {
                    if name.utf8.contains(0) {
                        faults.append(FieldFault(pointer: pointer, detail: "has a name with the character NUL"))
                    }
                    visit(member, "\(pointer)/\(name)")
                }
            default: break
            }
        }
        visit(value, "")
        guard faults.isEmpty else { throw .invalidInput(Array(faults.prefix(100))) }
    }

    /// `application/json`, `application/merge-patch+json` and the like, with any parameters.
    static func isJSON(_ type: String) -> Bool {
        let essence = type.lowercased().split(separator: ";").first.map { String($0).trimmingSpaces } ?? ""
        return essence == "application/json" || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }
}
