import Kernel

/// Entity tags (RFC 9110, section 8.8.3): the version of a row between quotation marks.
package enum EntityTag {
    package static func text(_ version: Int) -> String { "\"\(version)\"" }

    /// Reads `If-Match`: `*` or a list of strong tags; nil when it is neither. Tags that this API never answers match
    /// nothing; weak ones neither, because a change needs the exact version.
    package static func expectedVersion(ifMatch text: String) -> ExpectedVersion? {
        let trimmed = text.trimmingSpaces
        if trimmed == "*" { return .any }
        guard let tags = tags(in: trimmed) else { return nil }
        return .oneOf(tags.compactMap { $0.isWeak ? nil : Int($0.opaque) })
    }

    /// Whether `If-None-Match` names the tag, by weak comparison.
    package static func matches(ifNoneMatch text: String, _ tag: String) -> Bool {
        let trimmed = text.trimmingSpaces
        if trimmed == "*" { return true }
        guard let wanted = tags(in: tag[...])?.first, let known = tags(in: trimmed) else { return false }
        return known.contains { $0.opaque == wanted.opaque }
    }

    private static func tags(in text: Substring) -> [(opaque: Substring, isWeak: Bool)]? {
        var result: [(opaque: Substring, isWeak: Bool)] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            var tag = String(part).trimmingSpaces
            let isWeak = tag.hasPrefix("W/")
            if isWeak { tag = tag.dropFirst(2) }
            guard tag.utf8.count >= 2, tag.hasPrefix("\""), tag.hasSuffix("\"") else { return nil }
            let opaque = tag.dropFirst().dropLast()
            guard !opaque.contains("\"") else { return nil }
            result.append((opaque: opaque, isWeak: isWeak))
        }
        return result
    }
}

extension String {
    /// Without the spaces and tabs around it.
    var trimmingSpaces: Substring {
        var text = self[...]
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}
