import JSON
import Kernel
import PostgresClient
import Testing

@testable import Persistence

@Suite("Walking a list by key")
struct KeysetTests {
    struct Thing: Sendable {
        let id: TypedID<Thing>
        let name: String
        let code: String?
    }

    enum ThingSort: String, RowSort {
        case name, code, made
        static var standard: ThingSort { .name }
        static var unique: SortColumn<Thing> { .id { $0.id } }

        var column: SortColumn<Thing> {
            switch self {
            case .name: .text("name") { $0.name }
            case .code: .optionalText("code") { $0.code }
            case .made: Self.unique
            }
        }
    }

    private func statement(_ order: [SortKey<ThingSort>], after thing: Thing) throws -> String {
        let keyset = Keyset(order)
        return (try keyset.after(keyset.position(thing)) + keyset.order).text
    }

    private let thing = Thing(id: .make(), name: "n", code: "c")
    private let bare = Thing(id: .make(), name: "n", code: nil)

    @Test("an order of one direction is a comparison of rows, which one index answers")
    func oneDirection() throws {
        #expect(try statement([SortKey(.made)], after: thing) == " and (id) > ($1) order by id")
        #expect(try statement([SortKey(.name)], after: thing) == " and (name, id) > ($1, $2) order by name, id")
        #expect(
            try statement([SortKey(.name, descending: true)], after: thing)
                == " and (name, id) < ($1, $2) order by name desc, id desc")
        #expect(
            try statement([SortKey(.made, descending: true), SortKey(.name)], after: thing)
                == " and (id) < ($1) order by id desc")
    }

    @Test("a mixed order is bounded by its first column")
    func mixedDirections() throws {
        #expect(
            try statement([SortKey(.name), SortKey(.made, descending: true)], after: thing)
                == " and name >= $1 and (name > $2 or (name = $3 and id < $4)) order by name, id desc")
    }

    @Test("NULL is larger than every value")
    func missingValues() throws {
        #expect(
            try statement([SortKey(.code)], after: thing)
                == " and ((code > $1 or code is null) or (code = $2 and id > $3)) order by code, id")
        #expect(try statement([SortKey(.code)], after: bare) == " and (code is null and id > $1) order by code, id")
        #expect(
            try statement([SortKey(.code, descending: true)], after: thing)
                == " and code <= $1 and (code < $2 or (code = $3 and id < $4)) order by code desc, id desc")
        #expect(
            try statement([SortKey(.code, descending: true)], after: bare)
                == " and (code is not null or (code is null and id < $1)) order by code desc, id desc")
    }

    @Test("a position of another order is refused")
    func foreignPositions() {
        let keyset = Keyset([SortKey(ThingSort.name)])
        let id = thing.id.description
        for keys: [JSONValue] in [
            [], [.string(id)], ["n", "x"], [.null, .string(id)], [1, .string(id)], ["n", "n", .string(id)],
        ] {
            #expect(throws: ServiceError.self) { try keyset.after(PagePosition(keys)) }
        }
    }
}
