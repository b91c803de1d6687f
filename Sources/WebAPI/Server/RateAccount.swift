import HTTPTypes
import JSON
import Kernel
import RateLimits
import Synchronization
import Tenancy

/// The rates of whoever sends requests. Looked up for every request: it must not wait.
package protocol RateSource: Sendable {
    func rates(of principal: Principal) -> TierRates
    /// An API key's own rate, when it has one.
    func ownRate(of key: APIKeyID) -> RatePolicy?
}

extension RateSource {
    package func ownRate(of key: APIKeyID) -> RatePolicy? { nil }
}

/// The limits that one request falls under.
package final class RateAccount: Sendable {
    private let limiter: RateLimiter
    private let charges: [RateLimiter.Charge]
    private let decision = Mutex<RateDecision?>(nil)

    init(limiter: RateLimiter, charges: [RateLimiter.Charge]) {
        self.limiter = limiter
        self.charges = charges
    }

    /// Takes tokens: one for a request, or as many as there are messages in it.
    /// - Throws: `too-many-requests` with the limit's name, size and state.
    package func charge(_ cost: Int) throws(ServiceError) {
        guard !charges.isEmpty else { return }
        let outcome = limiter.decide(charges, cost: cost)
        decision.withLock { $0 = outcome }
        guard let refused = outcome.refusedBy else { return }
        throw ServiceError(
            .tooManyRequests, "The limit '\(refused.policy.name)' is used up. Obey RateLimit and Retry-After.",
            members: [
                "limit": .string(refused.policy.name), "quota": .integer(Int64(refused.policy.burst)),
                "window": .integer(Int64(refused.policy.fillSeconds)), "used": .integer(Int64(refused.used)),
                "reset": .integer(Int64(refused.reset)),
            ], retryAfter: outcome.retryAfter)
    }

    /// `RateLimit-Policy` and `RateLimit`, as far as anything was charged.
    func addFields(to headers: inout HTTPFields) {
        guard let decision = decision.withLock({ $0 }) else { return }
        headers.append(HTTPField(name: .rateLimitPolicy, value: decision.policyField))
        headers.append(HTTPField(name: .rateLimit, value: decision.stateField))
    }
}

/// Decides which limits a request falls under.
package struct TrafficRules: Sendable {
    private let limiter: RateLimiter
    private let rules: RateRules
    private let source: any RateSource

    package init(limiter: RateLimiter = RateLimiter(), rules: RateRules = RateRules(), source: any RateSource) {
        self.limiter = limiter
        self.rules = rules
        self.source = source
    }

    func anonymous(from address: String) -> RateAccount {
        RateAccount(limiter: limiter, charges: rules.anonymous(from: address))
    }

    func account(of principal: Principal, _ traffic: Traffic) -> RateAccount {
        RateAccount(limiter: limiter, charges: traffic == .none ? [] : charges(principal, traffic))
    }

    private func charges(_ principal: Principal, _ traffic: Traffic) -> [RateLimiter.Charge] {
        let rates = source.rates(of: principal)
        let organizationID = principal.scope?.organizationID
        switch (principal.kind, organizationID) {
        case (.device(let device, _), let organizationID?): return rules.telemetry(device, in: organizationID, rates)
        case (_, let organizationID?) where traffic == .telemetry:
            return [.init(rates.telemetry, .organization(organizationID))]
        case (.apiKey(let key), let organizationID?):
            return rules.apiKey(key, own: source.ownRate(of: key), in: organizationID, rates)
        case (.user(let user, _), _), (.superadmin(let user, _), _): return rules.user(user, in: organizationID, rates)
        case (.apiKey, nil), (.device, nil): return []
        }
    }
}
