internal import JSON
internal import Kernel
internal import PostgresClient

/// ORG-4. The database counts, in the transaction that makes or deletes something; here only its refusal is translated.
package enum Quotas {
    /// - Throws: `quota-exceeded` with `resource`, `scope`, `limit` and `used` when `statement` hits a quota.
    package static func translating<T>(_ statement: () async throws -> T) async throws -> T {
        do {
            return try await statement()
        } catch let error as PostgresError where error.sqlState == "RK001" {
            throw refusal(error)
        }
    }

    private static func refusal(_ error: PostgresError) -> ServiceError {
        let facts = (error.serverFault?.detail).flatMap { try? JSONValue(parsing: $0) }?.object ?? [:]
        let resource = facts["resource"]?.string ?? "resource"
        let (limit, used) = (facts["limit"]?.integer ?? 0, facts["used"]?.integer ?? 0)
        let whose = facts["scope"]?.string == "pool" ? "An organization above shares" : "The organization has"
        return ServiceError(
            .quotaExceeded,
            "\(whose) a limit of \(limit) \(resource.replacing("_", with: " ")), of which \(used) are used.",
            members: facts, cause: error)
    }
}
