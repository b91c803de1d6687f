import Testing

/// S15: whatever two servers could read differently is refused with 400 and ends the connection.
@Suite("Request smuggling")
struct SmugglingTests {
    static let head = "POST /echo HTTP/1.1\r\nHost: a\r\n"

    static let forms: [(name: String, bytes: String)] = [
        ("length and chunked", head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("chunked and length", head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
        ("two different lengths", head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
        ("two equal lengths", head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
        ("a list of lengths", head + "Content-Length: 5, 5\r\n\r\nhello"),
        ("a signed length", head + "Content-Length: +5\r\n\r\nhello"),
        ("a negative length", head + "Content-Length: -5\r\n\r\nhello"),
        ("a hexadecimal length", head + "Content-Length: 0x5\r\n\r\nhello"),
        ("an empty length", head + "Content-Length: \r\n\r\nhello"),
        ("a length of many digits", head + "Content-Length: 99999999999999999999999\r\n\r\nhello"),
        ("a folded header", head + "X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n"),
        ("a folded transfer-encoding", head + "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
        ("a bad chunk size", head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n"),
        ("a chunk size with a prefix", head + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n"),
        ("a huge chunk size", head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n"),
        ("a chunk longer than its size", head + "Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"),
        ("a bare line feed after a chunk size", head + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n"),
        ("two transfer-encodings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
        ("chunked twice", head + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
        (
            "chunked twice in two fields",
            head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
        ),
        ("an unknown transfer-encoding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
        ("gzip as transfer-encoding", head + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        ("chunked that is not last", head + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
        ("chunked in HTTP/1.0", "POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("space before the colon", head + "Content-Length : 5\r\n\r\nhello"),
        ("space before a header", head + " Content-Length: 5\r\n\r\nhello"),
        ("a tab before the colon", head + "Transfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
        ("bare line feeds", "POST /echo HTTP/1.1\nHost: a\nContent-Length: 0\n\n"),
        ("a bare line feed between headers", "POST /echo HTTP/1.1\r\nHost: a\nContent-Length: 0\r\n\r\n"),
        ("a bare carriage return", head + "X-A: b\rContent-Length: 5\r\n\r\nhello"),
        ("a NUL in a header", head + "X-A: b\0c\r\n\r\n"),
        ("a header without a name", head + ": x\r\n\r\n"),
        ("a header without a colon", head + "Content-Length\r\n\r\n"),
        ("no host", "GET / HTTP/1.1\r\n\r\n"),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
        ("two equal hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        ("a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
        ("a host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
        ("a host with a bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
        ("an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n"),
        ("a list of hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
        ("a URL of another host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a target without a slash", "GET x HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a star for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("an unknown method", "FETCH / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another protocol", "GET / FTP/1.1\r\nHost: a\r\n\r\n"),
        ("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ("HTTP/0.9", "GET /\r\n\r\n"),
        ("TLS on a plain port", "\u{16}\u{03}\u{01}\u{00}\u{05}\u{01}\u{00}\u{00}\u{01}\u{03}"),
    ]

    @Test("a form that is ambiguous is refused and nothing behind it is read", arguments: forms.indices)
    func refused(_ index: Int) async throws {
        let form = Self.forms[index]
        try await TestServer.run { server in
            let answer = try await server.exchange(form.bytes + "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 4"), "\(form.name): \(answer)")
            #expect(answer.contains("application/problem+json"), "\(form.name): \(answer)")
            #expect(!answer.contains("/smuggled"), "\(form.name): \(answer)")
        }
    }

    @Test("what is unambiguous passes: origin form, absolute form of the same host, chunks, HTTP/1.0")
    func accepted() async throws {
        try await TestServer.run { server in
            let connection = try await RawConnection(port: server.port)
            for request in [
                "GET /a?b=c HTTP/1.1\r\nHost: a:8080\r\n\r\n", "GET http://a/x HTTP/1.1\r\nHost: A\r\n\r\n",
                "GET /v6 HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
                "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            ] {
                try await connection.send(request)
                let answer = await connection.answer()
                #expect(answer.head.hasPrefix("HTTP/1.1 200"), "\(request): \(answer)")
            }
            await connection.close()
            let old = try await server.exchange("GET /old HTTP/1.0\r\n\r\n")
            #expect(old.contains("GET /old") && old.lowercased().contains("connection: close"))
        }
    }

    @Test("requests sent in one piece are answered one after the other, up to the first that is malformed")
    func pipelined() async throws {
        try await TestServer.run { server in
            let answer = try await server.exchange(
                "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"
                    + "GET /3 HTTP/1.1\r\nHost: a\r\n\r\nGET /4 HTTP/1.1\r\nHost : a\r\n\r\nGET /5 HTTP/1.1\r\nHost: a\r\n\r\n"
            )
            let positions = ["GET /1", "abc", "GET /3", "malformed-request"].compactMap {
                answer.range(of: $0)?.lowerBound
            }
            #expect(positions.count == 4 && positions == positions.sorted(), "\(answer)")
            #expect(!answer.contains("GET /5"))
        }
    }
}
