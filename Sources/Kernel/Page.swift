import JSON

/// Which part of a list is wanted. Lists are walked by key, not by offset: inserts neither skip nor repeat a row.
package struct PageRequest<Sort: ListSort>: Sendable {
    /// 1 to 500.
    package var limit: Int
    package var sort: Sort
    package var descending: Bool
    /// The last row of the page before: its sort key and its id.
    package var after: PagePosition?
    package var includesTotal: Bool

    package init(
        limit: Int = 50, sort: Sort, descending: Bool = false, after: PagePosition? = nil, includesTotal: Bool = false
    ) {
        self.limit = limit
        self.sort = sort
        self.descending = descending
        self.after = after
        self.includesTotal = includesTotal
    }
}

/// The orders in which a list can be read: the raw values are what `?sort=` says.
package protocol ListSort: RawRepresentable<String>, CaseIterable, Sendable {
    static var standard: Self { get }
    /// Whether the list begins with the largest when the request does not say.
    static var isDescendingByDefault: Bool { get }
}

extension ListSort {
    package static var isDescendingByDefault: Bool { false }
}

/// A place in a list between two rows. Sent to clients only inside an authenticated cursor.
package struct PagePosition: Hashable, Sendable {
    package var key: JSONValue
    package var id: String

    package init(key: JSONValue, id: String) {
        self.key = key
        self.id = id
    }
}

package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Where the next page begins; nil on the last one.
    package var next: PagePosition?
    package var total: Int?

    package init(items: [Item], next: PagePosition? = nil, total: Int? = nil) {
        self.items = items
        self.next = next
        self.total = total
    }

    /// Cuts one row that was read too many, which tells that there is a next page.
    package init(rows: [Item], limit: Int, total: Int? = nil, position: (Item) -> PagePosition) {
        let items = Array(rows.prefix(limit))
        self.init(items: items, next: rows.count > limit ? items.last.map(position) : nil, total: total)
    }
}

/// Which version of a row a change is meant for (`If-Match`): the platform's ETag is the row's version.
package enum ExpectedVersion: Hashable, Sendable {
    case any
    case oneOf([Int])

    package func admits(_ version: Int) -> Bool {
        switch self {
        case .any: true
        case .oneOf(let versions): versions.contains(version)
        }
    }
}
