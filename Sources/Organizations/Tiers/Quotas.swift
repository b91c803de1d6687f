internal import Kernel
internal import PostgresClient
internal import JSON

package enum Quotas {
    package static func translating<T>(_ statement: () async throws -> T) async throws -> T { try await statement() }
}
