import NIOHTTP1

/// What a request's head must look like beyond what the parser checks (RFC 9112): whatever two servers could read
/// differently is refused, so that none can be played off against another.
struct RequestHeadRules: Sendable {
    let bodyLimit: Int

    /// The head in origin form and without foreign upgrades, or why it is refused.
    func check(_ head: HTTPRequestHead) -> Result<HTTPRequestHead, Refusal> {
        do { return .success(try checked(head)) } catch { return .failure(error) }
    }

    private func checked(_ original: HTTPRequestHead) throws(Refusal) -> HTTPRequestHead {
        var head = original
        guard head.version == .http1_1 || head.version == .http1_0 else {
            throw .malformed("This server speaks HTTP/1.1.")
        }
        switch head.method {
        case .GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS: break
        default: throw .methodNotAllowed
        }
        let host = try checkHost(head)
        head.uri = try originForm(head, host: host)
        try checkFraming(head)
        let codings = head.headers[canonicalForm: "content-encoding"].map { $0.lowercased() }
        guard codings.count <= 1, codings.allSatisfy(["gzip", "deflate", "identity"].contains) else {
            throw .unknownContentCoding
        }
        return head
    }

    /// Section 3.2: exactly one in HTTP/1.1. RFC 3986 for its form.
    private func checkHost(_ head: HTTPRequestHead) throws(Refusal) -> String? {
        let hosts = head.headers["host"]
        guard hosts.count <= 1 else { throw .malformed("There is more than one Host.") }
        guard let host = hosts.first else {
            guard head.version == .http1_0 else { throw .malformed("There is no Host.") }
            return nil
        }
        guard Self.isHost(host) else { throw .malformed("Host is not a name or an address with an optional port.") }
        return host
    }

    static func isHost(_ text: String) -> Bool {
        var name = text.utf8[...]
        if let colon = name.lastIndex(of: UInt8(ascii: ":")), name.last != UInt8(ascii: "]") {
            let port = name[name.index(after: colon)...]
            guard port.count <= 5, port.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return false }
            name = name[..<colon]
        }
        guard !name.isEmpty, name.count <= 255 else { return false }
        if name.first == UInt8(ascii: "["), name.last == UInt8(ascii: "]") {
            let inside = name.dropFirst().dropLast()
            return !inside.isEmpty
                && inside.allSatisfy { isHexadecimal($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return name.allSatisfy { byte in
            isHexadecimal(byte) || (byte >= UInt8(ascii: "g") && byte <= UInt8(ascii: "z"))
                || (byte >= UInt8(ascii: "G") && byte <= UInt8(ascii: "Z")) || "-._~".utf8.contains(byte)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (byte >= 0x30 && byte <= 0x39) || (byte >= 0x41 && byte <= 0x46) || (byte >= 0x61 && byte <= 0x66)
    }

    /// Section 3.2: origin-form, or absolute-form of the same host, or `*` for OPTIONS.
    private func originForm(_ head: HTTPRequestHead, host: String?) throws(Refusal) -> String {
        let target = head.uri
        guard target.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "#") }) else {
            throw .malformed("The request target holds characters that must be percent-encoded.")
        }
        if target.hasPrefix("/") { return target }
        if target == "*", head.method == .OPTIONS { return "/" }
        let lower = target.lowercased()
        guard let scheme = ["http://", "https://"].first(where: { lower.hasPrefix($0) }) else {
            throw .malformed("The request target is neither a path nor a URL.")
        }
        let rest = target.dropFirst(scheme.count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        guard let host, rest[..<end].lowercased() == host.lowercased() else {
            throw .malformed("The request target and Host name different servers.")
        }
        let path = String(rest[end...])
        return path.hasPrefix("/") ? path : "/\(path)"
    }

    /// Section 6: one way to tell where the body ends.
    private func checkFraming(_ head: HTTPRequestHead) throws(Refusal) {
        let lengths = head.headers["content-length"]
        let codings = head.headers["transfer-encoding"]
        guard codings.isEmpty || lengths.isEmpty else {
            throw .malformed("Content-Length and Transfer-Encoding exclude each other.")
        }
        if !codings.isEmpty {
            guard head.version == .http1_1, codings.count == 1, codings[0].lowercased() == "chunked" else {
                throw .malformed("Transfer-Encoding may only be chunked, once, in HTTP/1.1.")
            }
        }
        guard lengths.count <= 1 else { throw .malformed("There is more than one Content-Length.") }
        guard let length = lengths.first else { return }
        guard !length.isEmpty, length.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            throw .malformed("Content-Length is not a number.")
        }
        guard let count = Int(length), count <= bodyLimit else { throw .bodyTooLarge }
    }
}
