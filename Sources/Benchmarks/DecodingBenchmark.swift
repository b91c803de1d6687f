import Foundation
import Kernel
import Telemetry

/// How long it takes to read a body of messages.
enum DecodingBenchmark {
    static func run(_ fleet: BenchmarkFleet, seconds: Double) {
        for count in [1, 100] {
            let body = BenchmarkFleet.body(count: count, from: 1_700_000_000_000)
            var (messages, start) = (0, ProcessorTime.ownSeconds())
            var elapsed = 0.0
            while elapsed < min(seconds, 1) {
                for _ in 0..<1_000 / count {
                    let batch = try? MessageDecoder.decode(bytes: body, form: .singleDevice)
                    messages += batch?.messages.count ?? 0
                }
                elapsed = ProcessorTime.ownSeconds() - start
            }
            start = elapsed * 1e6 / Double(max(messages, 1))
            print(String(format: "decoding, %3d messages a body: %6.2f us a message", count, start))
        }
    }
}
