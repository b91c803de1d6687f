/// A limit as a token bucket: it holds at most `burst` tokens and gains `quantity` in `window` seconds.
///
/// Clients are told the bucket itself, `q=burst;w=seconds to fill it`, because that is what holds at any moment: whoever
/// sends `q` requests and then waits for `w` seconds is never refused, and reaches the full rate.
package struct RatePolicy: Hashable, Sendable {
    /// Names the limit in headers and problems: lower-case letters and `-`.
    package let name: String
    /// Tokens gained in `window` seconds.
    package let quantity: Int
    package let window: Int
    /// Tokens held at most.
    package let burst: Int
    /// Nanoseconds a token takes to come back, rounded up: never more than the rate.
    let interval: Int64
    /// Nanoseconds in which an empty bucket fills.
    let depth: Int64
    /// What `RateLimit-Policy` says of it, `"client";q=100;w=20`: every answer repeats it.
    let field: String

    /// Values below 1 are taken as 1; a window is at most a day, an interval an hour a token, a burst 10⁹ tokens.
    package init(name: String, quantity: Int, window: Int, burst: Int) {
        self.name = name
        self.quantity = max(1, quantity)
        self.window = min(max(1, window), 86_400)
        self.burst = min(max(1, burst), 1_000_000_000)
        let (whole, rest) = (Int64(self.window) * 1_000_000_000).quotientAndRemainder(dividingBy: Int64(self.quantity))
        interval = min(max(1, whole + (rest > 0 ? 1 : 0)), 3_600_000_000_000)
        let (product, overflow) = interval.multipliedReportingOverflow(by: Int64(self.burst))
        depth = overflow ? .max / 4 : product
        field = "\"\(name)\";q=\(self.burst);w=\(seconds(depth))"
    }

    /// Seconds in which an empty bucket fills, rounded up.
    package var fillSeconds: Int { seconds(depth) }

    /// The same limit at a share of its size, for one of the clients who share it.
    package func share(_ name: String, divisor: Int) -> RatePolicy {
        // The share of the rate is taken from the window: 7 a minute over 2 is 7 in two minutes.
        RatePolicy(name: name, quantity: quantity, window: window * divisor, burst: max(1, burst / divisor))
    }
}

/// Whole seconds, rounded up.
func seconds(_ nanoseconds: Int64) -> Int {
    nanoseconds <= 0 ? 0 : Int((nanoseconds - 1) / 1_000_000_000) + 1
}
