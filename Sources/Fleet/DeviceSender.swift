import AsyncHTTPClient
import JSON
import Kernel
import Logging
import NIOCore
import NIOHTTP1

/// Sends as a real device does: HTTP with its own token, patient with a server that is busy, away or limiting.
package struct DeviceSender: Sendable {
    /// What became of a request.
    package enum Outcome: Sendable, Equatable {
        case accepted
        /// The server's last word: the status and what it said.
        case refused(status: Int, body: String)
    }

    private let client: HTTPClient
    private let url: String
    private let logger: Logger
    private static let longestPause = Duration.seconds(30)

    /// - Parameter url: The platform's address, without a trailing slash.
    package init(client: HTTPClient, url: String, logger: Logger) {
        self.client = client
        self.url = url
        self.logger = logger
    }

    /// Sends one body of telemetry until the server takes or refuses it. 429, 503 and lost connections are tried again,
    /// for the storage keeps a repeated message once.
    package func send(_ body: [UInt8], token: String) async throws -> Outcome {
        try await post("/api/v1/devices/me/telemetry", body, token: token)
    }

    package func post(_ path: String, _ body: [UInt8], token: String) async throws -> Outcome {
        var pause = Duration.milliseconds(200)
        while true {
            try Task.checkCancellation()
            var wait = pause
            do {
                var request = HTTPClientRequest(url: url + path)
                request.method = .POST
                request.headers.add(name: "Authorization", value: "Bearer \(token)")
                request.headers.add(name: "Content-Type", value: "application/json")
                request.body = .bytes(ByteBuffer(bytes: body))
                let response = try await client.execute(request, timeout: .seconds(30))
                let answer = try await response.body.collect(upTo: 1 << 16)
                let status = Int(response.status.code)
                if (200..<300).contains(status) { return .accepted }
                guard status == 429 || status == 503 else {
                    return .refused(status: status, body: String(buffer: answer))
                }
                if let seconds = response.headers.first(name: "Retry-After").flatMap({ Int($0) }) {
                    wait = .seconds(seconds)
                }
            } catch let error where !(error is CancellationError) && !Task.isCancelled {
                logger.debug("sending again", metadata: ["error": "\(error)"])
            }
            // Some jitter, or a fleet that was turned away together comes back together.
            try await Task.sleep(for: wait * Double.random(in: 1...1.5))
            pause = min(pause * 2, Self.longestPause)
        }
    }
}
