import JSON
import Kernel

/// The rates of a tier, with an organization's own overrides: API requests apart from telemetry messages.
package struct TierRates: Sendable, Hashable {
    /// Of all clients of the organization together.
    package let requests: RatePolicy
    /// Of one user or key: half of that, so that none can shut out the rest.
    package let requestsOfClient: RatePolicy
    /// Messages of all devices of the organization together.
    package let telemetry: RatePolicy

    /// - Parameters:
    ///   - requestsPerMinute, requestBurst: API requests.
    ///   - messagesPerSecond, messageBurst: telemetry.
    package init(requestsPerMinute: Int, requestBurst: Int, messagesPerSecond: Int, messageBurst: Int) {
        requests = RatePolicy(name: "organization", quantity: requestsPerMinute, window: 60, burst: requestBurst)
        requestsOfClient = requests.share("client", divisor: 2)
        telemetry = RatePolicy(name: "telemetry", quantity: messagesPerSecond, window: 1, burst: messageBurst)
    }

    /// Reads `tiers.rates` and, laid over it, `organizations.overrides -> 'rates'`:
    /// `{"api": {"per_minute": 600, "burst": 200}, "telemetry": {"per_second": 100, "burst": 1000}}`. What is missing or
    /// not a positive integer is taken from the least tier, `free`.
    package init(rates: JSONValue, overrides: JSONValue = .null) {
        func value(_ group: String, _ name: String, _ fallback: Int) -> Int {
            for source in [overrides, rates] {
                if case .object(let groups) = source, case .object(let members)? = groups[group],
                    case .integer(let number)? = members[name], number > 0
                {
                    return Int(number)
                }
            }
            return fallback
        }
        self.init(
            requestsPerMinute: value("api", "per_minute", 120), requestBurst: value("api", "burst", 60),
            messagesPerSecond: value("telemetry", "per_second", 10), messageBurst: value("telemetry", "burst", 100))
    }
}

/// Which limits a request falls under. Built once from configuration.
package struct RateRules: Sendable {
    /// Of an address whose requests carry no valid credentials.
    package let anonymous: RatePolicy
    /// Messages of one device, whatever the tier.
    package let device: RatePolicy

    package init(
        anonymous: RatePolicy = RatePolicy(name: "address", quantity: 300, window: 60, burst: 100),
        device: RatePolicy = RatePolicy(name: "device", quantity: 1000, window: 1, burst: 10_000)
    ) {
        self.anonymous = anonymous
        self.device = device
    }

    /// A request without valid credentials.
    package func anonymous(from address: String) -> [RateLimiter.Charge] {
        [.init(anonymous, .address(AddressBlock(address)))]
    }

    /// A request of a user or a platform administrator; `organization` is nil outside any.
    package func user(_ user: UserID, in organization: OrganizationID?, _ rates: TierRates) -> [RateLimiter.Charge] {
        client(.user(user), rates.requestsOfClient, in: organization, rates)
    }

    /// - Parameter own: the key's own rate, which replaces its share of the tier's.
    package func apiKey(
        _ key: APIKeyID, own: RatePolicy? = nil, in organization: OrganizationID, _ rates: TierRates
    ) -> [RateLimiter.Charge] {
        client(.apiKey(key), own ?? rates.requestsOfClient, in: organization, rates)
    }

    /// Telemetry: the cost is the number of messages. A request of a device that brings none costs it one.
    package func telemetry(_ device: DeviceID, in organization: OrganizationID, _ rates: TierRates) -> [RateLimiter
        .Charge]
    {
        [.init(self.device, .device(device)), .init(rates.telemetry, .organization(organization))]
    }

    private func client(
        _ subject: RateSubject, _ policy: RatePolicy, in organization: OrganizationID?, _ rates: TierRates
    ) -> [RateLimiter.Charge] {
        let own = RateLimiter.Charge(policy, subject)
        guard let organization else { return [own] }
        return [own, .init(rates.requests, .organization(organization))]
    }
}
