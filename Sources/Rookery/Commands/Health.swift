import ArgumentParser
import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// `rookery health`: for load balancers, containers and people.
struct Health: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ask a running server whether it is ready.",
        discussion: "Prints what the server says. Status 0 when it is ready, 1 when it is not or cannot be reached.")

    @OptionGroup var server: ServerOptions

    func run() async throws {
        do {
            let (status, body) = try await server.withClient { client in
                let response = try await client.execute(
                    HTTPClientRequest(url: server.base + "/health/ready"), timeout: .seconds(10))
                return (response.status, try await response.body.collect(upTo: 1 << 20))
            }
            print(String(buffer: body))
            guard status == .ok else { throw ExitCode.failure }
        } catch let error where !(error is ExitCode) {
            FileHandle.standardError.write(Data("\(server.base) does not answer: \(error)\n".utf8))
            throw ExitCode.failure
        }
    }
}
