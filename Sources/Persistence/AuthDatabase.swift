import Kernel
import Logging
import PostgresClient

/// What can be asked before an organization is known: the functions of schema `auth`, each one atomic statement.
///
/// The role is `rookery_api` without a context, so every tenant's table is empty to it.
package struct AuthDatabase: Sendable {
    private let runner: TransactionRunner

    /// - Parameter client: Signed in as `rookery_api`.
    package init(client: PostgresClient, logger: Logger) {
        runner = TransactionRunner(client: client, feed: nil, logger: logger)
    }

    package func all<Row>(_ call: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> [Row] {
        do { return try await runner.client.execute(call).map(decode) } catch { throw runner.translate(error) }
    }

    package func first<Row>(_ call: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> Row? {
        do { return try await runner.client.execute(call).first(decode) } catch { throw runner.translate(error) }
    }

    package func execute(_ call: SQL) async throws {
        do { try await runner.client.execute(call) } catch { throw runner.translate(error) }
    }
}
