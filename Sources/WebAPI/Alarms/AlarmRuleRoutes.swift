import Alarms
import Audit
import JSON
import Kernel
import Persistence
import Tenancy

/// `/alarm-rules` (ALM-1).
package struct AlarmRuleRoutes: Sendable {
    private let rules: AlarmRuleService

    package init(rules: AlarmRuleService) { self.rules = rules }

    package func register(in api: APIRoutes) {
        api.list(
            "/alarm-rules", .alarmRulesRead, sort: AlarmRuleSort.self,
            parameters: ["scope", "scope_id", "severity", "enabled", "name"], list)
        api.post("/alarm-rules", .alarmRulesWrite, refuses: [.alreadyExists, .quotaExceeded], create)
        api.get("/alarm-rules/{id}", .alarmRulesRead, show)
        api.put("/alarm-rules/{id}", .alarmRulesWrite, refuses: [.alreadyExists, .quotaExceeded], replace)
        api.patch("/alarm-rules/{id}", .alarmRulesWrite, refuses: [.alreadyExists, .quotaExceeded], change)
        api.delete("/alarm-rules/{id}", .alarmRulesWrite, remove)
        api.post("/alarm-rules/{id}/test", .alarmRulesRead, answers: [200], test)
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<AlarmRuleSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<AlarmRule> {
        let query = request.query()
        let filter = AlarmRuleFilter(
            scope: query.optional("scope", .oneOf(RuleScope.Kind.self)),
            scopeID: query.optional("scope_id", .id(RuleScopeID.self)),
            severity: query.optional("severity", .oneOf(AlarmSeverity.self)),
            isEnabled: query.optional("enabled", .boolean), name: query.optional("name", .text(0...200)))
        try query.finish()
        return try await rules.list(tx, filter, page)
    }

    private func create(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let rule = try await rules.create(tx, try fields(request))
        return .created(rule, at: "/alarm-rules/\(rule.id)", version: rule.version)
    }

    private func show(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let rule = try await rules.read(tx, request.id(of: "alarm rule"))
        return .ok(rule, version: rule.version)
    }

    private func replace(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let fields = try fields(request)
        let rule = try await rules.revise(
            tx, request.id(of: "alarm rule"), expecting: request.expectedVersion() ?? .any
        ) { _ in fields }
        return .ok(rule, version: rule.version)
    }

    private func change(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let patch = request.request.json ?? .null
        let rule = try await rules.revise(
            tx, request.id(of: "alarm rule"), expecting: request.expectedVersion() ?? .any
        ) { try $0.applying(mergePatch: patch) }
        return .ok(rule, version: rule.version)
    }

    private func remove(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        try await rules.delete(tx, request.id(of: "alarm rule"), expecting: request.expectedVersion() ?? .any)
        return .noContent
    }

    private func test(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        let rule = try await rules.read(tx, request.id(of: "alarm rule"))
        let input = request.input()
        let samples = RuleTrial.samples(reading: input)
        try input.finish()
        return .ok(RuleTrial(of: try rule.compiled(), on: samples, device: "Sample device", deviceKey: "sample"))
    }

    private func fields(_ request: TenantRequest) throws(ServiceError) -> AlarmRuleFields {
        let input = request.input()
        let fields = AlarmRuleFields(reading: input)
        try input.finish()
        return fields
    }
}
