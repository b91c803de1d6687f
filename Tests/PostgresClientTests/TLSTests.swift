import Foundation
import PostgresClient
import TestStorage
import Testing

@Suite("TLS")
struct TLSTests {
    @Test("verify-full accepts the right server, and nothing else")
    func verifyFull() async throws {
        let cluster = try await ThrowAwayCluster()
        func connect(host: String, authority: String, mode: String = "verify-full") async -> (String?, PostgresError?) {
            var configuration = PostgresConfiguration(
                url:
                    "postgres://keeper@\(host):\(cluster.port)/postgres?sslmode=\(mode)&sslrootcert=\(authority)&hostaddr=127.0.0.1"
            )
            configuration.maxWaitingTime = .milliseconds(1_500)
            do throws(PostgresError) {
                let client = try PostgresClient(configuration: configuration, logger: TestDatabase.quiet)
                do throws(PostgresError) {
                    let version = try await client.execute(
                        "select version from pg_stat_ssl where pid = pg_backend_pid() and ssl"
                    )
                    .first { (row: inout RowReader) throws(PostgresError) -> String in try row.next() }
                    await client.shutdown()
                    return (version, nil)
                } catch {
                    await client.shutdown()
                    return (nil, error)
                }
            } catch {
                return (nil, error)
            }
        }

        try await passwords(of: cluster)

        let good = await connect(host: "barn.example", authority: cluster.authority)
        #expect(good.0?.hasPrefix("TLSv1.") == true, "\(String(describing: good.1))")
        let wrongName = await connect(host: "other.example", authority: cluster.authority)
        #expect("\(String(describing: wrongName.1))".contains("does not match host name"))
        let wrongAuthority = await connect(host: "barn.example", authority: cluster.foreignAuthority)
        #expect("\(String(describing: wrongAuthority.1))".contains("certificate verify failed"))
        let plain = await connect(host: "barn.example", authority: cluster.authority, mode: "disable")
        #expect("\(String(describing: plain.1))".contains("no pg_hba.conf entry"))
        await cluster.destroy()
    }
}

extension TLSTests {
    /// A console sets a password that the server then asks for.
    private func passwords(of cluster: ThrowAwayCluster) async throws {
        let url = "postgres://keeper@127.0.0.1:\(cluster.port)/postgres?sslmode=require"
        let keeper = try await PostgresConsole.open(PostgresConfiguration(url: url), logger: TestDatabase.quiet)
        defer { keeper.close() }
        try await keeper.run(script: #"create role "locked" login"#)
        try await keeper.setPassword("p'ä\\ss\"word", ofRole: "locked")
        let kind = try await keeper.query("select left(rolpassword, 13) from pg_authid where rolname = 'locked'")
            .first { (row: inout RowReader) throws(PostgresError) -> String in try row.next() }
        #expect(kind == "SCRAM-SHA-256")
        for (password, isRight) in [("p'ä\\ss\"word", true), ("wrong", false), (nil, false)] {
            let configuration = PostgresConfiguration(url: url).signedIn(as: "locked", password: password)
            let error = await failure { () async throws(PostgresError) in
                try await PostgresConsole.open(configuration, logger: TestDatabase.quiet).close()
            }
            #expect((error == nil) == isRight, "\(String(describing: error))")
        }
    }
}
