import JSON
import Kernel

/// What every list takes: `limit`, `cursor`, `sort`, `count`.
package enum ListParameters {
    package static let names = ["limit", "cursor", "sort", "count"]

    /// Reads them, all faults at once.
    /// - Throws: `invalid-parameter`, also for a cursor that this list did not give out for this query.
    static func read<Sort: ListSort>(
        _ request: APIRequest, limits: ListLimits, cursors: CursorCodec, binding: CursorBinding, sort: Sort.Type
    ) throws(ServiceError) -> PageRequest<Sort> {
        let own = request.parameters.members.filter { names.contains($0.name) }
        let reader = InputReader(query: JSONObject(uniqueMembers: own.map { ($0.name, $0.value) }))
        let limit = reader.optional("limit", .integer(1...limits.maximum), default: limits.standard)
        let total = reader.optional("count", .boolean, default: false)
        let order = reader.optional("sort", .text(0...200)).flatMap { readOrder($0, reader, as: Sort.self) }
        var page = PageRequest<Sort>(
            limit: limit, order: order ?? [.init(.standard, descending: Sort.isDescendingByDefault)],
            includesTotal: total)
        if let cursor = reader.optional("cursor", .text(0...2000)) {
            page.after = cursors.open(cursor, for: binding)
            if page.after == nil { reader.fault("cursor", "is not a cursor of this list with these parameters") }
        }
        try reader.finish()
        return page
    }

    /// `name,-created_at`
    private static func readOrder<Sort: ListSort>(
        _ text: String, _ reader: InputReader, as: Sort.Type
    ) -> [PageRequest<Sort>.Key]? {
        var order: [PageRequest<Sort>.Key] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let descending = part.hasPrefix("-")
            guard let sort = Sort(rawValue: String(descending ? part.dropFirst() : part)) else {
                let keys = Sort.allCases.map(\.rawValue).joined(separator: ", ")
                reader.fault("sort", "must be of \(keys), separated by commas, with '-' in front for the largest first")
                return nil
            }
            // Among equals in a key the same key decides nothing.
            if !order.contains(where: { $0.sort.rawValue == sort.rawValue }) {
                order.append(.init(sort, descending: descending))
            }
        }
        return order
    }
}

/// How many items a list returns.
package struct ListLimits: Hashable, Sendable {
    package var standard: Int
    package var maximum: Int

    package init(standard: Int, maximum: Int) {
        self.standard = standard
        self.maximum = maximum
    }

    package static let items = ListLimits(standard: 50, maximum: 500)
    package static let points = ListLimits(standard: 1000, maximum: 10_000)
}
