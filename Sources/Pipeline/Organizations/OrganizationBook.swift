import Kernel
import Synchronization
import Telemetry

/// What the pipeline knows of an organization: the numbers of its datapoints, the shapes of its messages, its rules.
/// Shared by all lanes and by those who submit.
final class OrganizationBook: Sendable {
    let id: OrganizationID

    private struct State {
        var shapes: [ShapeSignature: StoredShape] = [:]
        /// Names by key number; filled as shapes become known, and whole when somebody asks for an unknown one.
        var names: [Int16: String] = [:]
        var rules: RuleBook?
        var generation = 0
    }
    private let state = Mutex(State())
    /// Shapes beyond this are forgotten all at once: the database still knows them.
    private static let keptShapes = 10_000

    init(id: OrganizationID) { self.id = id }

    func shape(_ signature: ShapeSignature) -> StoredShape? { state.withLock { $0.shapes[signature] } }

    func keep(_ shape: StoredShape, as signature: ShapeSignature, names: [(number: Int16, name: String)]) {
        state.withLock { state in
            if state.shapes.count >= Self.keptShapes { state.shapes.removeAll() }
            state.shapes[signature] = shape
            for (number, name) in names { state.names[number] = name }
        }
    }

    func keepNames(_ names: [(number: Int16, name: String)]) {
        state.withLock { state in for (number, name) in names { state.names[number] = name } }
    }

    /// The names of datapoints; nil when one of them is not known here.
    func names(of numbers: [Int16]) -> [String]? {
        state.withLock { state in
            var names: [String] = []
            names.reserveCapacity(numbers.count)
            for number in numbers {
                guard let name = state.names[number] else { return nil }
                names.append(name)
            }
            return names
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
