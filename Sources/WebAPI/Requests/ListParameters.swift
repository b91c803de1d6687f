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
        let order = reader.optional("sort", .text(0...200)).map { readOrder($0, reader, as: Sort.self) }
        var page = PageRequest<Sort>(
            limit: limit, order: order ?? [SortKey(.standard, descending: Sort.isDescendingByDefault)],
            includesTotal: total)
        if let cursor = reader.optional("cursor", .text(0...2000)) {
            page.after = cursors.open(cursor, for: binding)
            if page.after == nil { reader.fault("cursor", "is not a cursor of this list with these parameters") }
        }
        try reader.finish()
        return page
    }

    /// `name,-created_at`. A key that is named again is left out: what it would order is in order already.
    private static func readOrder<Sort: ListSort>(
        _ text: String, _ reader: InputReader, as: Sort.Type
    ) -> [SortKey<Sort>] {
        var order: [SortKey<Sort>] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let descending = part.hasPrefix("-")
            let name = String(descending ? part.dropFirst() : part)
            if let sort = Sort(rawValue: name) {
                if !order.contains(where: { $0.sort == sort }) { order.append(SortKey(sort, descending: descending)) }
            } else {
                let keys = Sort.allCases.map(\.rawValue).joined(separator: ", ")
                reader.fault(
                    "sort", "'\(name)' is none of \(keys); several are separated by commas, '-' puts the largest first")
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
