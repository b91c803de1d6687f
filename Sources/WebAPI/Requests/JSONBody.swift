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
            return try JSONValue(parsing: bytes.readableBytesView)
        } catch let error as JSONError {
            throw ServiceError(.malformedRequest, "The body is not JSON: \(error.description).")
        } catch {
            throw ServiceError(.malformedRequest, "The body is not JSON.", cause: error)
        }
    }

    /// `application/json`, `application/merge-patch+json` and the like, with any parameters.
    static func isJSON(_ type: String) -> Bool {
        let essence = type.lowercased().split(separator: ";").first.map { String($0).trimmingSpaces } ?? ""
        return essence == "application/json" || (essence.hasPrefix("application/") && essence.hasSuffix("+json"))
    }
}
