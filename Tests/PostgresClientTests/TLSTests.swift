import Foundation
import PostgresClient
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

/// A PostgreSQL cluster with TLS for one test, under a certificate authority of its own; its server is `barn.example`.
struct ThrowAwayCluster {
    let directory: String
    let port: Int
    let authority: String
    let foreignAuthority: String
    private let programs: String

    init() async throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        authority = "\(directory)/authority.crt"
        foreignAuthority = "\(directory)/foreign.crt"
        programs = try Self.serverPrograms()
        port = Int.random(in: 55_000..<60_000)
        do {
            try await makeCertificates()
            try await startServer()
        } catch {
            await destroy()
            throw error
        }
    }

    private static func serverPrograms() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = try FileManager.default.contentsOfDirectory(atPath: root).compactMap { Int($0) }
        return "\(root)/\(try #require(versions.max()))/bin"
    }

    private func makeCertificates() async throws {
        for name in ["authority", "foreign"] {
            try await run(
                "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "2",
                "-subj", "/CN=\(name)", "-keyout", "\(directory)/\(name).key", "-out", "\(directory)/\(name).crt")
        }
        try await run(
            "openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=barn.example", "-keyout", "\(directory)/server.key", "-out", "\(directory)/server.csr")
        try "subjectAltName=DNS:barn.example\n".write(toFile: "\(directory)/names", atomically: true, encoding: .utf8)
        try await run(
            "openssl", "x509", "-req", "-in", "\(directory)/server.csr", "-CA", authority, "-CAkey",
            "\(directory)/authority.key", "-CAcreateserial", "-days", "2", "-extfile", "\(directory)/names",
            "-out", "\(directory)/server.crt")
    }

    private func startServer() async throws {
        if getuid() == 0 { try await run("chown", "-R", "postgres", directory) }
        let data = "\(directory)/data"
        try await runAsServer("\(programs)/initdb", "-D", data, "-U", "keeper", "-A", "trust", "-N")
        let settings = """
            ssl = on
            ssl_cert_file = '\(directory)/server.crt'
            ssl_key_file = '\(directory)/server.key'
            listen_addresses = '127.0.0.1'
            port = \(port)
            unix_socket_directories = ''
            fsync = off

            """
        try settings.write(toFile: "\(directory)/settings", atomically: true, encoding: .utf8)
        let access = "hostssl all locked 127.0.0.1/32 scram-sha-256\nhostssl all all 127.0.0.1/32 trust\n"
        try access.write(toFile: "\(directory)/access", atomically: true, encoding: .utf8)
        if getuid() == 0 { try await run("chown", "postgres", "\(directory)/settings", "\(directory)/access") }
        try await runAsServer(
            "sh", "-c",
            "cat '\(directory)/settings' >> '\(data)/postgresql.conf'; cp '\(directory)/access' '\(data)/pg_hba.conf'")
        try await runAsServer("\(programs)/pg_ctl", "-D", data, "-w", "-l", "\(directory)/log", "start")
    }

    func destroy() async {
        try? await runAsServer("\(programs)/pg_ctl", "-D", "\(directory)/data", "-w", "-m", "immediate", "stop")
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// PostgreSQL refuses to run as root.
    private func runAsServer(_ command: String...) async throws {
        try await run((getuid() == 0 ? ["runuser", "-u", "postgres", "--"] : []) + command)
    }

    private func run(_ command: String...) async throws { try await run(command) }

    /// Waits for the process itself; Foundation's Process waits until all that it left behind have closed their files.
    private func run(_ command: [String]) async throws {
        let status = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
            Thread.detachNewThread { continuation.resume(returning: Self.statusOfRunning(command)) }
        }
        try #require(status == 0, "\(command.joined(separator: " "))")
    }

    private static func statusOfRunning(_ command: [String]) -> Int32 {
        var files = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&files)
        defer { posix_spawn_file_actions_destroy(&files) }
        posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&files, 2, "/dev/null", O_WRONLY, 0)
        var arguments = command.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var child: pid_t = 0
        guard posix_spawnp(&child, command[0], &files, nil, &arguments, environ) == 0 else { return -1 }
        var status: Int32 = -1
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return status
    }
}
