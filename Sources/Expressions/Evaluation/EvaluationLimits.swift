/// What an evaluation may use. Whoever writes expressions is not trusted, so all of it is bounded.
package struct EvaluationLimits: Sendable {
    /// Values looked at or made and operators evaluated; D1012 beyond.
    package var steps: Int
    /// Calls and the operators around them that wait for each other; D1011 beyond. A call in tail position waits for nothing.
    package var depth: Int
    /// Values in one sequence; D2015 beyond.
    package var sequence: Int
    /// UTF-8 bytes of all strings that are made, and of a result that is no part of the input as JSON; D2015 beyond.
    package var bytes: Int
    /// D1012 beyond. It is looked at every some thousand steps, so very short times are not exact.
    package var time: Duration
    /// Bytes of the thread's stack below the caller; D1011 beyond.
    package var stack: Int

    package init(
        steps: Int = 5_000_000, depth: Int = 1_000, sequence: Int = 500_000, bytes: Int = 8 << 20,
        time: Duration = .milliseconds(500), stack: Int = 192 << 10
    ) {
        self.steps = steps
        self.depth = depth
        self.sequence = sequence
        self.bytes = bytes
        self.time = time
        self.stack = stack
    }

    /// For what runs between a message and its answer, on any thread.
    package static let standard = EvaluationLimits()
    /// For an operator at a command line, on a thread with at least 8 MB of stack.
    package static let commandLine = EvaluationLimits(
        steps: 50_000_000, depth: 100_000, sequence: 10_000_000, bytes: 1 << 30, time: .seconds(10), stack: 6 << 20)
}
