import JSON
import Kernel

/// Sends recorded measurements through the API as a device would, with their own times.
package struct Replay: Sendable {
    /// How fast the file's time passes.
    package enum Speed: Sendable, Equatable {
        /// As many seconds of the file in one real second.
        case times(Double)
        /// As fast as the server takes them, in batches.
        case maximum

        /// `max`, or a positive number such as `3600` or `60x`.
        package init?(_ text: String) {
            if text == "max" {
                self = .maximum
            } else {
                let digits = text.hasSuffix("x") ? text.dropLast() : text[...]
                guard let factor = Double(digits), factor > 0, factor.isFinite else { return nil }
                self = .times(factor)
            }
        }
    }

    /// A batch that the server refused.
    package struct Refused: Error, CustomStringConvertible {
        package let description: String
    }

    private let measurements: Measurements
    private let sender: DeviceSender
    private let token: String
    private let speed: Speed
    private static let batch = 100

    package init(_ measurements: Measurements, sender: DeviceSender, token: String, speed: Speed) {
        self.measurements = measurements
        self.sender = sender
        self.token = token
        self.speed = speed
    }

    /// Sends every row in order; a row goes out only after the one before was acknowledged, so that a break loses none.
    /// - Throws: ``Refused`` with the server's answer.
    package func run(progress: @Sendable (_ sent: Int, _ all: Int) -> Void) async throws {
        let rows = measurements.rows
        let size = speed == .maximum ? Self.batch : 1
        let clock = ContinuousClock()
        let begin = clock.now
        for start in stride(from: 0, to: rows.count, by: size) {
            if case .times(let factor) = speed {
                try await clock.sleep(until: begin + (rows[start].time - rows[0].time) / factor)
            }
            let end = min(start + size, rows.count)
            let body = JSONValue.array(rows[start..<end].map(\.message)).bytes
            if case .refused(let status, let answer) = try await sender.send(body, token: token) {
                throw Refused(description: "rows \(start + 1) to \(end) were refused with \(status): \(answer)")
            }
            progress(end, rows.count)
        }
    }
}
