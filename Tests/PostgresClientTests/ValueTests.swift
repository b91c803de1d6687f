import Foundation
import PostgresClient
import Testing

@Suite("Values")
struct ValueTests {
    /// Sends each value, NULL, and all as an array with a NULL among them, and expects them back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ values: [T], through client: PostgresClient, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let optionals: [T?] = values.map { $0 } + [nil]
        for start in stride(from: 0, to: optionals.count, by: 50) {
            let batch = Array(optionals[start..<min(start + 50, optionals.count)])
            let answers = try await client.execute(batch.map { "select \($0)" as SQL })
            for (sent, rows) in zip(batch, answers) {
                let received = try rows.first { (row: inout RowReader) throws(PostgresError) -> T? in try row.next() }
                #expect(received == .some(sent), sourceLocation: sourceLocation)
            }
        }
        for array in [optionals, [], [nil]] {
            let rows = try await client.execute("select \(array)")
            let received = try rows.first { (row: inout RowReader) throws(PostgresError) -> [T?] in try row.next() }
            #expect(received == array, sourceLocation: sourceLocation)
        }
        var builder = PostgresArrayBuilder(of: T?.self)
        for value in optionals { builder.append(value) }
        let rows = try await client.execute("select \(builder), \(PostgresArrayBuilder(of: T.self))")
        let received = try rows.first { (row: inout RowReader) throws(PostgresError) -> ([T?], [T]) in
            (try row.next(), try row.next())
        }
        #expect(received?.0 == optionals, sourceLocation: sourceLocation)
        #expect(received?.1 == [], sourceLocation: sourceLocation)
    }

    @Test("numbers come back as they were sent, NULL and arrays included")
    func numbers() async throws {
        try await withDatabase { database in
            let client = try database.client()
            var random = SeededGenerator(state: 1)
            try await roundTrip([true, false], through: client)
            try await roundTrip(
                [.min, .max, 0, -1] + (0..<100).map { _ in Int16.random(in: .min ... .max, using: &random) },
                through: client)
            try await roundTrip(
                [.min, .max, 0, -1] + (0..<100).map { _ in Int32.random(in: .min ... .max, using: &random) },
                through: client)
            try await roundTrip(
                [.min, .max, 0, -1] + (0..<100).map { _ in Int64.random(in: .min ... .max, using: &random) },
                through: client)
            try await roundTrip(
                [.min, .max, 0, -1] + (0..<100).map { _ in Int.random(in: .min ... .max, using: &random) },
                through: client)
            try await roundTrip(
                [0, -0.0, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude]
                    + (0..<100).map { _ in Double(bitPattern: random.next()) }.filter { !$0.isNaN }, through: client)
            try await roundTrip(
                [0, .infinity, .pi] + (0..<100).map { _ in Float.random(in: -1e30...1e30, using: &random) },
                through: client)
            let nan = try await client.execute("select \(Double.nan)").first {
                (row: inout RowReader) throws(PostgresError) -> Double in try row.next()
            }
            #expect(nan?.isNaN == true)
            await client.shutdown()
        }
    }

    @Test("texts, bytes, documents, times and addresses come back as they were sent")
    func others() async throws {
        try await withDatabase { database in
            let client = try database.client()
            var random = SeededGenerator(state: 2)
            let alphabet = Array("aé漢🐄'\"\\\n\t{},NULL $1")
            let strings = (0..<100).map { length in
                String((0..<length).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] })
            }
            try await roundTrip(strings, through: client)
            let blobs = (0..<100).map { length in
                (0..<length * 10).map { _ in UInt8.random(in: 0...255, using: &random) }
            }
            try await roundTrip(blobs, through: client)
            try await roundTrip((0..<50).map { _ in UUID() }, through: client)
            try await roundTrip(
                [.min, .max, 0].map { PostgresTimestamp(microseconds: $0) }
                    + (0..<100).map { _ in
                        PostgresTimestamp(
                            microseconds: .random(in: -62_000_000_000_000_000...9_000_000_000_000_000, using: &random))
                    },
                through: client)
            try await roundTrip(
                [.min, .max, 0].map { PostgresDate(days: $0) }
                    + (0..<100).map { _ in PostgresDate(days: .random(in: -700_000...2_000_000, using: &random)) },
                through: client)
            let addresses = ["192.0.2.7", "0.0.0.0/0", "10.1.0.0/16", "2001:db8::1", "::/0", "fe80::/10"]
            try await roundTrip(addresses.compactMap { PostgresInet($0) }, through: client)
            try await roundTrip([#"{"a": 1}"#, "[]", "null", #""é""#].map { PostgresJSON($0) }, through: client)
            await client.shutdown()
        }
    }

    @Test("PostgreSQL understands the values as we mean them")
    func meaning() async throws {
        try await withDatabase { database in
            let client = try database.client()
            let statements: [SQL] = [
                "select timestamptz '2022-03-24 09:00:00.000001+00' = \(PostgresTimestamp(microseconds: 1_648_112_400_000_001))",
                "select 'infinity'::timestamptz = \(PostgresTimestamp(microseconds: .max))",
                "select date '1970-01-02' = \(PostgresDate(days: 1))",
                "select '-infinity'::date = \(PostgresDate(days: .min))",
                "select uuid '01890a5d-ac96-774b-bcce-b302099a8057' = \(UUID(uuidString: "01890a5d-ac96-774b-bcce-b302099a8057"))",
                "select '\\x00ff'::bytea = \([0, 255] as [UInt8])",
                "select inet '10.1.0.0/16' = \(PostgresInet("10.1.0.0/16"))",
                "select (\(PostgresJSON(#"{"b": {"c": [1, 2]}}"#)) -> 'b' -> 'c' ->> 1) = '2'",
                "select array[1, null, 3]::int[] = \([1, nil, 3] as [Int32?])",
                "select cardinality(\([] as [String])) = 0",
                "select \(Optional<String>.none) is null and \("") = ''",
                "select 2.5::float8 = \(2.5) and 2::int2 = \(Int16(2)) and -5::int8 = \(-5)",
                "select array['\\x01'::bytea, '\\x'::bytea] = \([[1], []] as [[UInt8]])",
            ]
            for (index, rows) in try await client.execute(statements).enumerated() {
                let holds = try rows.first { (row: inout RowReader) throws(PostgresError) -> Bool in try row.next() }
                #expect(holds == true, "\(statements[index].text)")
            }
            await client.shutdown()
        }
    }

    @Test("integers widen, and what does not fit is an error, not a trap")
    func decoding() async throws {
        try await withDatabase { database in
            let client = try database.client()
            let rows = try await client.execute(
                "select 7::int2, 8::int4, 2.5::float4, 'x'::varchar, 300, null::int, 'a'")
            try rows.first { (row: inout RowReader) throws(PostgresError) -> Void in
                #expect(try row.next(Int.self) == 7)
                #expect(try row.next(Int64.self) == 8)
                #expect(try row.next(Double.self) == 2.5)
                #expect(try row.next(String.self) == "x")
            }
            let wrong: [(Int, @Sendable (inout RowReader) throws(PostgresError) -> Void)] = [
                (4, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next(UInt8.self) }),
                (5, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next(Int.self) }),
                (6, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next(Int.self) }),
                (0, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next(String.self) }),
                (0, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next([Int].self) }),
                (7, { (row: inout RowReader) throws(PostgresError) -> Void in _ = try row.next(Int.self) }),
            ]
            for (column, read) in wrong {
                let error = await failure { () async throws(PostgresError) -> Void in
                    try rows.first { (row: inout RowReader) throws(PostgresError) -> Void in
                        row.skip(column)
                        try read(&row)
                    }
                }
                guard case .decoding(let at, _, _) = error else {
                    Issue.record("\(String(describing: error))")
                    continue
                }
                #expect(at == column)
            }
            await client.shutdown()
        }
    }

    @Test("damaged bytes are refused by every decoder, never trapped on")
    func fuzz() {
        var random = SeededGenerator(state: 3)
        func attempt<T: PostgresDecodable>(_ type: T.Type, oid: UInt32) {
            for _ in 0..<2_000 {
                var bytes = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...3, using: &random)
                }
                if bytes.count > 16, Bool.random(using: &random) {
                    bytes.replaceSubrange(0..<4, with: [0, 0, 0, 1])
                    bytes.replaceSubrange(12..<14, with: [0, 0])
                }
                bytes.withUnsafeBytes { bytes in
                    _ = try? T(from: PostgresCell(bytes: bytes, oid: oid))
                }
            }
        }
        attempt(Int.self, oid: 20)
        attempt(String.self, oid: 25)
        attempt(UUID.self, oid: 2950)
        attempt(PostgresInet.self, oid: 869)
        attempt(PostgresJSON.self, oid: 3802)
        attempt(PostgresTimestamp.self, oid: 1184)
        attempt([Int?].self, oid: 1016)
        attempt([String].self, oid: 1009)
        attempt([[UInt8]].self, oid: 1001)
    }

    @Test("fragments compose, and parameters are numbered in order")
    func composition() async throws {
        let isFiltered: SQL = " and name = \("cow")"
        let sql: SQL = "select * from t where id = \(5)" + isFiltered + " limit \(10)"
        #expect(sql.text == "select * from t where id = $1 and name = $2 limit $3")
        let nested: SQL = "select \(1), \("2" as SQL), (\(isFiltered)), \("x")"
        #expect(nested.text == "select $1, 2, ( and name = $2), $3")
        #expect(nested.binds.oids == [20, 25, 25])
    }
}
