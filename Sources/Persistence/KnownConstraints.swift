import Kernel
import PostgresClient

/// What it means for the sender when a statement hits one of these constraints. A fault that is not listed stays what it
/// is: our own.
package struct KnownConstraints: ExpressibleByDictionaryLiteral, Sendable {
    private let meanings: [String: ServiceError]

    package init(dictionaryLiteral elements: (String, ServiceError)...) {
        meanings = Dictionary(elements) { first, _ in first }
    }

    /// - Throws: what `statement` throws, or the listed meaning of the constraint that it hit.
    package func translating<T>(_ statement: () async throws -> T) async throws -> T {
        do {
            return try await statement()
        } catch let error as PostgresError {
            guard let constraint = error.serverFault?.constraint, var meaning = meanings[constraint] else {
                throw error
            }
            meaning.cause = error
            throw meaning
        }
    }
}
