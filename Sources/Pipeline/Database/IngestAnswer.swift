import Kernel
import Persistence
import PostgresClient

/// What `app.ingest` says of a group commit.
struct IngestAnswer {
    /// Positions, from 1, of messages that were stored already.
    var duplicates: [Int32] = []
    var raised: Set<AlarmID> = []
    var cleared: Set<AlarmID> = []
}

extension IngestStatements {
    /// Stores a group commit: one statement, one transaction, one round trip.
    func ingest(_ commit: GroupCommit) async throws -> IngestAnswer {
        let statement = commit.statement
        let rows = try await database.execute(statement)
        let answer = try rows.first { (row: inout RowReader) throws -> IngestAnswer in
            IngestAnswer(
                duplicates: try row.next([Int32].self), raised: Set(try row.next([AlarmID].self)),
                cleared: Set(try row.next([AlarmID].self)))
        }
        return answer ?? IngestAnswer()
    }
}
