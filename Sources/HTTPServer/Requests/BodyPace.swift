import NIOCore

/// Whether a body comes fast enough, measured window by window. A window in which the application itself did not read
/// does not count against the client.
struct BodyPace {
    private let bytesPerWindow: Int
    private let window: TimeAmount
    private(set) var windowEnd: NIODeadline
    private var bytes = 0
    private var applicationPaused = false

    init(bytesPerSecond: Int, window: TimeAmount, now: NIODeadline) {
        self.window = window
        bytesPerWindow = Int(Int64(bytesPerSecond) * window.nanoseconds / 1_000_000_000)
        windowEnd = now + window
    }

    mutating func received(_ count: Int) { bytes += count }

    /// The application is not asking for more at the moment.
    mutating func paused() { applicationPaused = true }

    /// Ends a window that is over.
    /// - Returns: false when the body came too slowly.
    mutating func keepsUp(now: NIODeadline) -> Bool {
        guard now >= windowEnd else { return true }
        let isFast = bytes >= bytesPerWindow || applicationPaused
        (bytes, applicationPaused, windowEnd) = (0, false, now + window)
        return isFast
    }
}
