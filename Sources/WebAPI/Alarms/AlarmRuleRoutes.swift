import Alarms
import Kernel
import Persistence
import Resources
import Tenancy

/// `/alarm-rules` (ALM-1).
package struct AlarmRuleRoutes: Sendable {
    private let rules: AlarmRuleService

    package init(rules: AlarmRuleService) { self.rules = rules }

    package func register(in api: APIRoutes) {
        api.resource(
            "/alarm-rules", rules, read: .alarmRulesRead, write: .alarmRulesWrite,
            refuses: [.alreadyExists, .quotaExceeded])
        api.post("/alarm-rules/{id}/test", .alarmRulesRead, answers: [200], test)
    }

    private func test(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let rule = try await rules.read(tx, request.id(of: "alarm rule"))
        let input = request.input()
        let samples = RuleTrial.samples(reading: input)
        try input.finish()
        return .ok(RuleTrial(of: try rule.compiled(), on: samples, device: "Sample device", deviceKey: "sample"))
    }
}
