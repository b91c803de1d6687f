import JSON

/// Which part of a list is wanted. Lists are walked by key, not by offset: inserts neither skip nor repeat a row.
package struct PageRequest<Sort: ListSort>: Sendable {
    /// One key of an order.
    package struct Key: Sendable {
        package var sort: Sort
        package var descending: Bool

        package init(_ sort: Sort, descending: Bool = false) {
            self.sort = sort
            self.descending = descending
        }
    }

    /// 1 to 500.
    package var limit: Int
    /// What the list is ordered by first, and what decides between equals; at least one, none twice.
    package var order: [Key]
    /// The last row of the page before: its sort keys and its id.
    package var after: PagePosition?
    package var includesTotal: Bool

    package init(limit: Int = 50, order: [Key], includesTotal: Bool = false) {
        self.limit = limit
        self.order = order
        self.includesTotal = includesTotal
    }

    package init(limit: Int = 50, sort: Sort, descending: Bool = false) {
        self.init(limit: limit, order: [Key(sort, descending: descending)])
    }

    /// Whether the list begins with the largest, for lists that know one key only.
    package var descending: Bool { order.first?.descending ?? Sort.isDescendingByDefault }

    /// Where a row stands in this order.
    /// - Parameter key: the row's value of a sort key, as ``PagePosition`` keeps it.
    package func position<Subject>(_ id: TypedID<Subject>, _ key: (Sort) -> JSONValue) -> PagePosition {
        PagePosition(keys: order.map { key($0.sort) }, id: id.description)
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
    /// A text as it is, a time in Unix microseconds, null for what the id says by itself.
    package var keys: [JSONValue]
    package var id: String

    package init(keys: [JSONValue] = [], id: String) {
        self.keys = keys
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
