import Foundation
import PostgresClient
import Testing

@Suite("LISTEN and COPY")
struct StreamTests {
    @Test("notifications arrive, and a lost connection is made up for and told")
    func listen() async throws {
        try await withDatabase { database in
            let client = try database.client()
            var events = client.listen(to: ["changes", "O'dd \"name\""]).makeAsyncIterator()
            #expect(await events.next() == .listening(mayHaveMissed: false))
            try await client.execute("select pg_notify('changes', 'one'), pg_notify('O''dd \"name\"', 'two')")
            #expect(await events.next() == .notification(channel: "changes", payload: "one"))
            #expect(await events.next() == .notification(channel: "O'dd \"name\"", payload: "two"))
            try await client.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike 'listen%'"
            )
            #expect(await events.next() == .lost)
            #expect(await events.next() == .listening(mayHaveMissed: true))
            try await client.execute("select pg_notify('changes', 'three')")
            #expect(await events.next() == .notification(channel: "changes", payload: "three"))
            await client.shutdown()
            #expect(await events.next() == nil)
        }
    }

    @Test("a reader that lags loses notifications, and learns it")
    func overflow() async throws {
        try await withDatabase { database in
            let client = try database.client()
            var events = client.listen(to: ["flood"]).makeAsyncIterator()
            #expect(await events.next() == .listening(mayHaveMissed: false))
            try await client.execute("select pg_notify('flood', n::text) from generate_series(1, 5000) n")
            var received = 0
            while let event = await events.next(), event != .listening(mayHaveMissed: true) { received += 1 }
            #expect(received > 0 && received < 5_000)
            await client.shutdown()
        }
    }

    @Test("a million rows stream in bounded memory")
    func copy() async throws {
        try await withDatabase { database in
            let client = try database.client()
            let before = try residentMegabytes()
            var peak = before
            var bytes = 0, lines = 0, chunks = 0
            let stream = try client.copyOut(
                "copy (select n, repeat('x', 100) from generate_series(1, 1000000) n) to stdout")
            for try await chunk in stream {
                bytes += chunk.count
                lines += chunk.count { $0 == UInt8(ascii: "\n") }
                chunks += 1
                if chunks % 50 == 0 { peak = max(peak, try residentMegabytes()) }
            }
            #expect(lines == 1_000_000)
            #expect(bytes > 100_000_000)
            #expect(peak - before < 60, "grew by \(peak - before) MB")
            await client.shutdown()
        }
    }

    @Test("COPY runs within the preamble's transaction and reports errors")
    func copyPreamble() async throws {
        try await withDatabase { database in
            let client = try database.client()
            let stream = try client.copyOut(
                "copy (select current_setting('app.who')) to stdout",
                preamble: ["select set_config('app.who', \("cow"), true)"])
            var text = ""
            for try await chunk in stream { text += String(decoding: chunk, as: UTF8.self) }
            #expect(text == "cow\n")
            let failing = try client.copyOut(
                "copy (select 1 / (500000 - n) from generate_series(1, 1000000) n) to stdout")
            let error = await failure { () async throws(PostgresError) in for try await _ in failing {} }
            #expect(error?.sqlState == "22012")
            #expect(throws: PostgresError.self) { try client.copyOut("copy (select \(1)) to stdout") }
            await client.shutdown()
        }
    }

    @Test("dropping the stream stops the server")
    func copyDropped() async throws {
        try await withDatabase { database in
            let client = try database.client()
            do {
                let stream = try client.copyOut(
                    "copy (select repeat('x', 1000) from generate_series(1, 100000000) n) to stdout")
                var chunks = 0
                for try await _ in stream {
                    chunks += 1
                    if chunks == 3 { break }
                }
            }
            try await eventually("the COPY has ended") {
                try await client.integers(
                    "select count(*) from pg_stat_activity where datname = current_database() and query like 'copy (select repeat%'"
                ) == [0]
            }
            await client.shutdown()
        }
    }

    @Test("COPY is bounded in number")
    func copies() async throws {
        try await withDatabase { database in
            let client = try database.client { $0.maxCopies = 1 }
            let first = try client.copyOut(
                "copy (select repeat('x', 1000) from generate_series(1, 100000) n) to stdout")
            var iterator = first.makeAsyncIterator()
            #expect(try await iterator.next() != nil)
            let second = try client.copyOut("copy (select 1) to stdout")
            let error = await failure { () async throws(PostgresError) in for try await _ in second {} }
            guard case .overloaded = error else {
                Issue.record("another outcome was expected")
                return
            }
            while try await iterator.next() != nil {}
            await client.shutdown()
        }
    }

    private func residentMegabytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = Int(status.split(separator: " ")[1]) ?? 0
        return pages * 4_096 >> 20
    }
}
