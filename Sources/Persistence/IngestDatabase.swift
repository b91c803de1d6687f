import PostgresClient

/// The pipeline's way into the database: the role `rookery_ingest`, which may execute `app.ingest*` and nothing else.
package struct IngestDatabase: Sendable {
    private let client: PostgresClient

    /// - Parameter client: Signed in as `rookery_ingest`.
    package init(client: PostgresClient) { self.client = client }

    /// One implicit transaction and one round trip; see ``PostgresClient/execute(_:)-swift.method``.
    package func execute(_ statements: [SQL]) async throws(PostgresError) -> [PostgresRows] {
        try await client.execute(statements)
    }

    @discardableResult
    package func execute(_ statement: SQL) async throws(PostgresError) -> PostgresRows {
        try await client.execute(statement)
    }

    /// The same without suspending: `completion` runs on the client's thread and must be brief.
    package func submit(
        _ statements: [SQL], completion: @escaping @Sendable (Result<[PostgresRows], PostgresError>) -> Void
    ) { client.submit(statements, completion: completion) }
}
