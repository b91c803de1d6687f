import JSON

/// Which part of a list is wanted. Lists are walked by key, not by offset: inserts neither skip nor repeat a row.
package struct PageRequest<Sort: ListSort>: Sendable {
    /// 1 to 500.
    package var limit: Int
    /// By what the list is ordered, the most important first. A key that follows a unique one changes nothing.
    package var order: [SortKey<Sort>]
    /// The last row of the page before.
    package var after: PagePosition?
    package var includesTotal: Bool

    package init(limit: Int = 50, order: [SortKey<Sort>], includesTotal: Bool = false) {
        self.limit = limit
        self.order = order
        self.includesTotal = includesTotal
    }

    package init(limit: Int = 50, sort: Sort, descending: Bool = false) {
        self.init(limit: limit, order: [SortKey(sort, descending: descending)])
    }

    /// Whether the list begins with the largest by its most important key.
    package var descending: Bool { order.first?.descending ?? Sort.isDescendingByDefault }
}

/// One key of an order: `-created_at`.
package struct SortKey<Sort: ListSort>: Sendable {
    package var sort: Sort
    package var descending: Bool

    package init(_ sort: Sort, descending: Bool = false) { (self.sort, self.descending) = (sort, descending) }
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

/// A place in a list between two rows: what the row before it has in each column of the order, the last of which makes
/// it unique. Sent to clients only inside an authenticated cursor.
package struct PagePosition: Hashable, Sendable {
    package var keys: [JSONValue]

    package init(_ keys: [JSONValue]) { self.keys = keys }
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
