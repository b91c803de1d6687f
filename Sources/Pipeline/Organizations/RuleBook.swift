import Alarms
import Kernel

/// A rule with the part of the organization that it is for.
struct ScopedRule: Sendable {
    enum Scope: Hashable, Sendable {
        case organization
        case site(SiteID)
        case model(DeviceModelID)
        case type(DeviceTypeID)
        case device(DeviceID)
    }

    let rule: CompiledRule
    let scope: Scope
    /// The rule that this one stands in for where both apply.
    let overrides: AlarmRuleID?
}

/// The enabled rules of an organization at one moment, sorted so that a source finds its own without looking at others'.
final class RuleBook: Sendable {
    private let byScope: [ScopedRule.Scope: [ScopedRule]]
    /// Rules that could not be understood; they are logged once, when the book is read.
    let unreadable: [AlarmRuleID]

    init(_ rules: [ScopedRule], unreadable: [AlarmRuleID] = []) {
        byScope = Dictionary(grouping: rules, by: \.scope)
        self.unreadable = unreadable
    }

    /// Whether the device has rules of its own, which its neighbours do not share.
    func hasRules(of device: DeviceID) -> Bool { byScope[.device(device)] != nil }

    /// The rules for a source there, without those that another one of them overrides.
    func rules(at place: SourcePlace) -> [CompiledRule] {
        var found = byScope[.organization] ?? []
        if let site = place.siteID { found += byScope[.site(site)] ?? [] }
        if let model = place.modelID { found += byScope[.model(model)] ?? [] }
        if let type = place.typeID { found += byScope[.type(type)] ?? [] }
        if let device = place.deviceID { found += byScope[.device(device)] ?? [] }
        let overridden = Set(found.compactMap(\.overrides))
        return found.filter { !overridden.contains($0.rule.id) }.map(\.rule)
    }
}

/// What decides which rules a source has.
struct SourcePlace: Hashable, Sendable {
    var organizationID: OrganizationID
    var siteID: SiteID?
    var modelID: DeviceModelID?
    var typeID: DeviceTypeID?
    /// Only for a device with rules of its own.
    var deviceID: DeviceID?
}
