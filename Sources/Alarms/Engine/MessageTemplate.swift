import Kernel

/// The text of a rule's alarms: `{device}: {datapoint} is {value}, {condition}`. A brace is written twice.
package struct MessageTemplate: Hashable, Sendable {
    package enum Placeholder: String, Sendable, CaseIterable {
        /// What was measured.
        case value
        /// The bound or bounds of the condition.
        case threshold
        /// The condition in words, such as "below 80".
        case condition
        case datapoint
        /// The device's name and its key.
        case device
        case deviceKey = "device_key"
        case rule
        case severity
        /// When the value was measured.
        case time
        /// For how long the condition has held, such as "2 h".
        case duration
    }

    private enum Segment: Hashable, Sendable {
        case text(String)
        case placeholder(Placeholder)
    }

    private let segments: [Segment]
    package static let standard = MessageTemplate(
        segments: [
            .placeholder(.datapoint), .text(" of "), .placeholder(.device), .text(" is "), .placeholder(.value),
            .text(" ("), .placeholder(.condition), .text(")"),
        ])
    /// The column takes 4,000 characters.
    private static let longestMessage = 4000

    private init(segments: [Segment]) { self.segments = segments }

    /// Why a text is no template; in plain English.
    package struct Fault: Error, Hashable, Sendable { package let detail: String }

    /// An empty text stands for ``standard``.
    package init(parsing text: String) throws(Fault) {
        guard !text.isEmpty else {
            self = Self.standard
            return
        }
        var (segments, literal, rest): ([Segment], String, Substring) = ([], "", text[...])
        while let character = rest.popFirst() {
            switch (character, rest.first) {
            case ("{", "{"), ("}", "}"): literal.append(rest.removeFirst())
            case ("}", _): throw Fault(detail: "has a } without a {; write }} for a brace")
            case ("{", _):
                guard let end = rest.firstIndex(of: "}") else {
                    throw Fault(detail: "has a { without a }; write {{ for a brace")
                }
                guard let placeholder = Placeholder(rawValue: String(rest[..<end])) else {
                    let known = Placeholder.allCases.map(\.rawValue).joined(separator: ", ")
                    throw Fault(detail: "names the unknown placeholder {\(rest[..<end])}; known are \(known)")
                }
                if !literal.isEmpty { segments.append(.text(literal)) }
                literal = ""
                segments.append(.placeholder(placeholder))
                rest = rest[rest.index(after: end)...]
            default: literal.append(character)
            }
        }
        if !literal.isEmpty { segments.append(.text(literal)) }
        self.init(segments: segments)
    }

    func rendered(_ substitute: (Placeholder) -> String) -> String {
        var text = ""
        for segment in segments {
            switch segment {
            case .text(let literal): text += literal
            case .placeholder(let placeholder): text += substitute(placeholder)
            }
        }
        return String(String.UnicodeScalarView(text.unicodeScalars.prefix(Self.longestMessage)))
    }
}

extension MessageTemplate {
    /// Reads the text of a template from the optional member `name`; a faulty one is a fault of `input`.
    package static func text(reading input: InputReader, _ name: String) -> String {
        let text = input.optional(name, .text(0...1000), default: "")
        do throws(Fault) {
            _ = try MessageTemplate(parsing: text)
        } catch {
            input.fault(name, error.detail)
        }
        return text
    }
}
