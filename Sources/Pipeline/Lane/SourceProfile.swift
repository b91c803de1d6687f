import Alarms
import Kernel

/// A rule where the lane can hold it without copying it.
final class HeldRule: Sendable {
    let rule: CompiledRule
    init(_ rule: CompiledRule) { self.rule = rule }
}

/// What all sources at one place share: their rules, sorted out for each keyset that they send. Confined to a lane.
final class SourceProfile {
    struct PlannedRule {
        /// Where the rule's datapoint stands in the keyset.
        let position: Int
        let held: HeldRule
    }

    let place: SourcePlace
    let rules: RuleBook?
    private let byKey: [Int16: [HeldRule]]
    private var plans: [ObjectIdentifier: (keyset: Keyset, plan: [PlannedRule])] = [:]
    private var last: (keyset: Keyset, plan: [PlannedRule])?
    private static let keptPlans = 256

    init(place: SourcePlace, rules: RuleBook?) {
        self.place = place
        self.rules = rules
        byKey = Dictionary(grouping: (rules?.rules(at: place) ?? []).map(HeldRule.init), by: \.rule.keyNo)
    }

    /// The rules that a message of this keyset can touch, in the order of its datapoints.
    func plan(for keyset: Keyset) -> [PlannedRule] {
        if let last, last.keyset === keyset { return last.plan }
        let found: (keyset: Keyset, plan: [PlannedRule])
        if let known = plans[ObjectIdentifier(keyset)] {
            found = known
        } else {
            var plan: [PlannedRule] = []
            for (position, key) in keyset.keyNumbers.enumerated() {
                for held in byKey[key] ?? [] { plan.append(PlannedRule(position: position, held: held)) }
            }
            if plans.count >= Self.keptPlans { plans.removeAll() }
            found = (keyset: keyset, plan: plan)
            plans[ObjectIdentifier(keyset)] = found
        }
        last = found
        return found.plan
    }
}
