import Foundation
import Synchronization

/// Takes log lines from any thread and writes them from one of its own: a slow terminal or pipe never holds up an event
/// loop. When it cannot keep up, lines are dropped and counted rather than memory filled.
package final class LogSink: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var dropped = 0
        var isWriting = false
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let wake = DispatchSemaphore(value: 0)
    private static let capacity = 8 << 20

    package init(descriptor: Int32) {
        self.descriptor = descriptor
        let thread = Thread { [unowned self] in self.run() }
        thread.name = "log"
        thread.start()
    }

    package func write(_ line: [UInt8]) {
        let wasEmpty = state.withLock { state in
            guard state.pending.count + line.count <= Self.capacity else {
                state.dropped += 1
                return false
            }
            state.pending.append(contentsOf: line)
            return state.pending.count == line.count
        }
        if wasEmpty { wake.signal() }
    }

    /// Waits until what was written so far is out, at most for two seconds.
    package func flush() {
        for _ in 0..<200 {
            if state.withLock({ $0.pending.isEmpty && !$0.isWriting }) { return }
            usleep(10_000)
        }
    }

    private func run() -> Never {
        while true {
            wake.wait()
            let (lines, dropped) = state.withLock { state in
                defer {
                    state.pending = []
                    state.dropped = 0
                    state.isWriting = true
                }
                return (state.pending, state.dropped)
            }
            write(all: lines)
            if dropped > 0 {
                write(all: Array("\(dropped) log lines were dropped: nobody reads them fast enough\n".utf8))
            }
            state.withLock { $0.isWriting = false }
        }
    }

    private func write(all bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0 && errno != EINTR { return }
            rest = rest.dropFirst(max(0, written))
        }
    }
}
