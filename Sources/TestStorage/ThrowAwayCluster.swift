import Foundation
import Testing

/// A PostgreSQL cluster with TLS for one test, under a certificate authority of its own; its server is `barn.example`.
package struct ThrowAwayCluster {
    package let directory: String
    package let port: Int
    package let authority: String
    package let foreignAuthority: String
    private let programs: String

    package init() async throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("tls-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        authority = "\(directory)/authority.crt"
        foreignAuthority = "\(directory)/foreign.crt"
        programs = try Self.serverPrograms()
        port = try Self.freePort()
        do {
            try await makeCertificates()
            try await startServer()
        } catch {
            await destroy()
            throw error
        }
    }

    /// Below the range from which the system gives clients theirs: a client's connection, even one that a client of this very
    /// cluster makes to itself while the server is down, would keep the server from coming back.
    private static func freePort() throws -> Int {
        let ports = (0..<100).map { _ in Int.random(in: 20_000..<32_000) }
        return try #require(ports.first(where: isFree))
    }

    private static func isFree(_ port: Int) -> Bool {
        let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
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
        try await start()
    }

    private func start() async throws {
        do {
            try await runAsServer(
                "\(programs)/pg_ctl", "-D", "\(directory)/data", "-w", "-l", "\(directory)/log", "start")
        } catch {
            Issue.record(
                "\((try? String(contentsOfFile: "\(directory)/log", encoding: .utf8))?.suffix(2_000) ?? "no log")")
            throw error
        }
    }

    /// Ends it as a crash does, and starts it again.
    package func crash() async throws {
        try await runAsServer("\(programs)/pg_ctl", "-D", "\(directory)/data", "-w", "-m", "immediate", "stop")
        try await start()
    }

    package func destroy() async {
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
