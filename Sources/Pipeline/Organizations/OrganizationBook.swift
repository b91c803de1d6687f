import Kernel
import Synchronization
import Telemetry

/// What the pipeline knows of an organization: what its messages' shapes are stored as, and its rules.
/// Shared by all lanes and by those who submit.
final class OrganizationBook: Sendable {
    let id: OrganizationID

    private struct State {
        var shapes: [ShapeSignature: StoredShape] = [:]
        var rules: RuleBook?
        var generation = 0
    }
    private let state = Mutex(State())
    /// Shapes beyond this are forgotten all at once: the database still knows them.
    private static let keptShapes = 10_000

    init(id: OrganizationID) { self.id = id }

    func shape(_ signature: ShapeSignature) -> StoredShape? { state.withLock { $0.shapes[signature] } }

    func keep(_ shape: StoredShape, as signature: ShapeSignature) {
        state.withLock { state in
            if state.shapes.count >= Self.keptShapes { state.shapes.removeAll() }
            state.shapes[signature] = shape
        }
    }

    // MARK: - Rules

    var rules: RuleBook? { state.withLock { $0.rules } }

    /// Counts the invalidations: rules that were read before one are not kept after it.
    var generation: Int { state.withLock { $0.generation } }

    func keep(_ rules: RuleBook, readIn generation: Int) {
        state.withLock { if $0.generation == generation { $0.rules = rules } }
    }

    func forgetRules() {
        state.withLock { state in
            state.generation += 1
            state.rules = nil
        }
    }
}

/// The books of all organizations that sent something.
final class OrganizationBooks: Sendable {
    private let books = Mutex<[OrganizationID: OrganizationBook]>([:])

    func book(_ id: OrganizationID) -> OrganizationBook {
        books.withLock { books in
            if let book = books[id] { return book }
            let book = OrganizationBook(id: id)
            books[id] = book
            return book
        }
    }

    func known(_ id: OrganizationID) -> OrganizationBook? { books.withLock { $0[id] } }

    func forgetAllRules() {
        for book in books.withLock({ Array($0.values) }) { book.forgetRules() }
    }
}
