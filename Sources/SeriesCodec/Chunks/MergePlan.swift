/// From where the points of a merged series come, so that each column is put together in one go.
struct MergePlan {
    private struct Piece {
        let isLate: Bool
        var places: Range<Int>
    }

    private var pieces: [Piece] = []
    private(set) var count = 0

    /// At each time of `late` there is one point: the last of `late`. The others stay.
    /// - Parameters:
    ///   - own: sorted.
    ///   - late: sorted.
    init(_ own: [Int64], _ late: [Int64]) {
        var place = 0
        var next = 0
        while next < late.count {
            let time = late[next]
            while next + 1 < late.count, late[next + 1] == time { next += 1 }
            let end = own.firstPlace(notBefore: time, from: place)
            append(Piece(isLate: false, places: place..<end))
            append(Piece(isLate: true, places: next..<next + 1))
            place = end
            while place < own.count, own[place] == time { place += 1 }
            next += 1
        }
        append(Piece(isLate: false, places: place..<own.count))
    }

    private mutating func append(_ piece: Piece) {
        guard !piece.places.isEmpty else { return }
        count += piece.places.count
        if let last = pieces.last, last.isLate == piece.isLate, last.places.upperBound == piece.places.lowerBound {
            pieces[pieces.count - 1].places = last.places.lowerBound..<piece.places.upperBound
        } else {
            pieces.append(piece)
        }
    }

    /// - Parameter translate: what stands for an element of `late`.
    func merge<Element>(_ own: [Element], _ late: [Element], _ translate: (Element) -> Element) -> [Element] {
        var merged: [Element] = []
        merged.reserveCapacity(count)
        for piece in pieces {
            if piece.isLate {
                for place in piece.places { merged.append(translate(late[place])) }
            } else {
                merged.append(contentsOf: own[piece.places])
            }
        }
        return merged
    }

    func merge<Element>(_ own: [Element], _ late: [Element]) -> [Element] { merge(own, late) { $0 } }

    /// Of columns that may be left out, where all elements are `filler`.
    func merge<Element>(
        _ own: [Element]?, _ late: [Element]?, counts: (own: Int, late: Int), filler: Element
    ) -> [Element]? {
        guard own != nil || late != nil else { return nil }
        return merge(
            own ?? [Element](repeating: filler, count: counts.own),
            late ?? [Element](repeating: filler, count: counts.late))
    }
}
