import JSON
import Kernel
import Synchronization
import Testing

@testable import RateLimits

@Suite struct RateLimiterTests {
    private let clock = HandClock()
    private let subject = RateSubject.organization(OrganizationID.make())

    @Test("a full bucket gives its burst at once and then its rate, told in the headers")
    func burstAndRate() throws {
        let limiter = RateLimiter(clock: clock)
        let charge = RateLimiter.Charge(RatePolicy(name: "api", quantity: 120, window: 60, burst: 60), subject)
        for taken in 1...60 {
            let decision = limiter.decide([charge])
            #expect(decision.isAllowed)
            #expect(decision.states.first?.remaining == 60 - taken)
        }
        let refused = limiter.decide([charge])
        #expect(refused.refusedBy?.used == 60)
        #expect(refused.retryAfter == 1)
        #expect(refused.policyField == "\"api\";q=60;w=30")
        #expect(refused.stateField == "\"api\";r=0;t=30")
        clock.advance(.milliseconds(499))
        #expect(!limiter.decide([charge]).isAllowed)
        clock.advance(.milliseconds(1))
        #expect(limiter.decide([charge]).isAllowed)
        #expect(!limiter.decide([charge]).isAllowed)
        clock.advance(.seconds(3600))
        #expect(limiter.decide([charge]).states.first?.remaining == 59)
    }

    @Test("what is refused by one limit takes nothing from the others")
    func allOrNothing() {
        let limiter = RateLimiter(clock: clock)
        let narrow = RateLimiter.Charge(
            RatePolicy(name: "client", quantity: 10, window: 10, burst: 10), .user(UserID.make()))
        let wide = RateLimiter.Charge(RatePolicy(name: "organization", quantity: 5, window: 5, burst: 5), subject)
        for _ in 0..<5 { #expect(limiter.decide([narrow, wide]).isAllowed) }
        for _ in 0..<20 {
            let refused = limiter.decide([narrow, wide])
            #expect(refused.refusedBy?.policy.name == "organization")
            #expect(refused.states.map(\.remaining) == [5, 0])
        }
    }

    @Test("organizations, users, keys and addresses do not share tokens, nor do two limits of one subject")
    func subjectsApart() {
        let limiter = RateLimiter(clock: clock)
        let one = RatePolicy(name: "one", quantity: 1, window: 60, burst: 1)
        let id = OrganizationID.make()
        let subjects: [RateSubject] = [
            .organization(id), .organization(.make()), .user(UserID(id.uuid)), .apiKey(APIKeyID(id.uuid)),
            .device(DeviceID(id.uuid)),
            .address(AddressBlock("10.0.0.1")), .address(AddressBlock("10.0.0.2")),
            .address(AddressBlock("2001:db8::1")),
        ]
        for subject in subjects { #expect(limiter.decide([.init(one, subject)]).isAllowed) }
        for subject in subjects { #expect(!limiter.decide([.init(one, subject)]).isAllowed) }
        #expect(
            limiter.decide([.init(RatePolicy(name: "two", quantity: 1, window: 60, burst: 1), .organization(id))])
                .isAllowed)
        #expect(
            !limiter.decide([.init(one, .address(AddressBlock("::ffff:10.0.0.1")))]).isAllowed,
            "the same client over a mapped socket")
        #expect(
            !limiter.decide([.init(one, .address(AddressBlock("2001:db8::ffff:2")))]).isAllowed,
            "the same subscriber's network")
    }

    @Test("a batch costs its messages; one larger than the bucket passes when it is full and is worked off")
    func batches() {
        let limiter = RateLimiter(clock: clock)
        let charge = RateLimiter.Charge(RatePolicy(name: "telemetry", quantity: 100, window: 1, burst: 1000), subject)
        #expect(limiter.decide([charge], cost: 600).states.first?.remaining == 400)
        let refused = limiter.decide([charge], cost: 500)
        #expect(refused.retryAfter == 1)
        clock.advance(.seconds(1))
        #expect(limiter.decide([charge], cost: 500).isAllowed)
        #expect(limiter.decide([charge], cost: 5000).retryAfter == 10)
        clock.advance(.seconds(10))
        #expect(limiter.decide([charge], cost: 5000).stateField == "\"telemetry\";r=0;t=50")
        clock.advance(.seconds(40))
        #expect(!limiter.decide([charge]).isAllowed)
        clock.advance(.milliseconds(10))
        #expect(limiter.decide([charge]).isAllowed)
    }

    @Test("over any time no more passes than burst and rate allow", arguments: 0..<20)
    func neverTooMuch(seed: UInt64) {
        var random = Seeded(state: seed)
        let quantity = Int.random(in: 1...1000, using: &random)
        let window = Int.random(in: 1...120, using: &random)
        let burst = Int.random(in: 1...500, using: &random)
        let limiter = RateLimiter(clock: clock)
        let charge = RateLimiter.Charge(
            RatePolicy(name: "api", quantity: quantity, window: window, burst: burst), subject)
        let start = clock.nanoseconds()
        var passed = 0
        for _ in 0..<3000 {
            if limiter.decide([charge]).isAllowed { passed += 1 }
            if Int.random(in: 0..<4, using: &random) == 0 {
                clock.advance(.microseconds(Int.random(in: 0...2_000_000, using: &random)))
            }
            let elapsed = Double(clock.nanoseconds() - start) / 1e9
            #expect(Double(passed) <= Double(burst) + elapsed * Double(quantity) / Double(window) + 1e-6)
        }
    }

    @Test("a client that obeys the headers is never refused and reaches the rate", arguments: 0..<40)
    func obedientClient(seed: UInt64) throws {
        var random = Seeded(state: seed)
        let narrow = RatePolicy(
            name: "client", quantity: Int.random(in: 1...600, using: &random),
            window: Int.random(in: 1...60, using: &random),
            burst: Int.random(in: 1...200, using: &random))
        let wide = RatePolicy(
            name: "organization", quantity: Int.random(in: 1...600, using: &random),
            window: Int.random(in: 1...60, using: &random),
            burst: Int.random(in: 1...200, using: &random))
        let limiter = RateLimiter(clock: clock)
        let charges = [RateLimiter.Charge(narrow, .user(UserID.make())), RateLimiter.Charge(wide, subject)]
        let start = clock.nanoseconds()
        var passed = 0
        for _ in 0..<200 {
            // One request asks how much is left; then that much is sent at any pace; then the stated time is waited for.
            let first = limiter.decide(charges)
            #expect(first.isAllowed, "refused although the stated time had passed")
            passed += 1
            let allowance = try #require(first.states.map(\.remaining).min())
            let wait = try #require(first.states.map(\.reset).max())
            for _ in 0..<Int.random(in: 0...allowance, using: &random) {
                #expect(limiter.decide(charges).isAllowed, "refused within what was left")
                passed += 1
                if Bool.random(using: &random) { clock.advance(.milliseconds(Int.random(in: 0...5, using: &random))) }
            }
            let last = limiter.decide([.init(narrow, charges[0].subject), .init(wide, subject)], cost: 0)
            clock.advance(.seconds(max(wait, try #require(last.states.map(\.reset).max()))))
        }
        #expect(passed >= 200)
        #expect(clock.nanoseconds() > start)
    }

    @Test("a client that sends all it may and waits as told reaches the full rate")
    func fullRate() throws {
        let limiter = RateLimiter(clock: clock)
        let charge = RateLimiter.Charge(RatePolicy(name: "api", quantity: 600, window: 60, burst: 200), subject)
        let start = clock.nanoseconds()
        var passed = 0
        for _ in 0..<100 {
            var state = try #require(limiter.decide([charge]).states.first)
            passed += 1
            while state.remaining > 0 {
                state = try #require(limiter.decide([charge]).states.first)
                passed += 1
            }
            clock.advance(.seconds(state.reset))
        }
        let perSecond = Double(passed) / (Double(clock.nanoseconds() - start) / 1e9)
        #expect(perSecond > 9.9 && perSecond <= 10)
    }

    @Test("the table is bounded, and who is held back stays held back while strangers come and go")
    func bounded() {
        let limiter = RateLimiter(clock: clock, capacity: 1600)
        let policy = RatePolicy(name: "address", quantity: 1, window: 1, burst: 10)
        let held = RateSubject.address(AddressBlock("192.0.2.1"))
        for _ in 0..<10 { #expect(limiter.decide([.init(policy, held)]).isAllowed) }
        for number in 0..<20_000 {
            let stranger = RateSubject.address(
                AddressBlock("10.\(number >> 16 & 255).\(number >> 8 & 255).\(number & 255)"))
            #expect(limiter.decide([.init(policy, stranger)]).isAllowed)
            if number.isMultiple(of: 1000) { #expect(!limiter.decide([.init(policy, held)]).isAllowed) }
        }
        #expect(limiter.count <= 1600)
    }

    @Test("eight threads at once take no token twice")
    func concurrent() async {
        let limiter = RateLimiter(clock: clock)
        let policy = RatePolicy(name: "api", quantity: 1, window: 1, burst: 5000)
        let subject = subject
        let passed = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<1000).count { _ in limiter.decide([.init(policy, subject)]).isAllowed } }
            }
            return await group.reduce(0, +)
        }
        #expect(passed == 5000)
    }

    @Test("limits of any size are computed without overflow")
    func extremes() {
        let limiter = RateLimiter(clock: clock)
        for quantity in [Int.min, 0, 1, .max] {
            for window in [Int.min, 0, 1, .max] {
                for burst in [Int.min, 0, 1, .max] {
                    let policy = RatePolicy(
                        name: "q\(quantity)w\(window)b\(burst)", quantity: quantity, window: window, burst: burst)
                    #expect(limiter.decide([.init(policy, subject)]).isAllowed)
                    _ = limiter.decide([.init(policy, subject)], cost: .max)
                    _ = limiter.decide([.init(policy, subject)], cost: .max)
                }
            }
        }
    }

    @Test("a tier's rates are read from its document, overrides first, and telemetry is counted apart from requests")
    func tierRates() throws {
        let rates = try JSONValue(
            parsing: Array(#"{"api":{"per_minute":600,"burst":200},"telemetry":{"per_second":100,"burst":1000}}"#.utf8))
        let overrides = try JSONValue(parsing: Array(#"{"api":{"burst":50}}"#.utf8))
        let tier = TierRates(rates: rates, overrides: overrides)
        #expect(tier == TierRates(requestsPerMinute: 600, requestBurst: 50, messagesPerSecond: 100, messageBurst: 1000))
        let rules = RateRules()
        let limiter = RateLimiter(clock: clock)
        let (organization, user, device) = (OrganizationID.make(), UserID.make(), DeviceID.make())
        for _ in 0..<25 { #expect(limiter.decide(rules.user(user, in: organization, tier)).isAllowed) }
        #expect(limiter.decide(rules.user(user, in: organization, tier)).refusedBy?.policy.name == "client")
        #expect(limiter.decide(rules.telemetry(device, in: organization, tier), cost: 1000).isAllowed)
        #expect(limiter.decide(rules.telemetry(device, in: organization, tier)).refusedBy?.policy.name == "telemetry")
        #expect(limiter.decide(rules.user(UserID.make(), in: organization, tier)).isAllowed)
    }
}

private final class HandClock: SteadyClock {
    private let time = Mutex<Int64>(1_000_000_000_000)
    func nanoseconds() -> Int64 { time.withLock { $0 } }
    func advance(_ span: Duration) { time.withLock { $0 += span.wholeMicroseconds * 1000 } }
}

private struct Seeded: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        // SplitMix64
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
