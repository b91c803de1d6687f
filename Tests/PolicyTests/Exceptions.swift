import Foundation
import JSON
import Testing

/// policies/exceptions.json: what deviates from a rule of the catalog, by rule and object, each with its reason.
struct Exceptions: Sendable {
    private let reasons: [String: [String: String]]

    static func load() throws -> Exceptions {
        let bytes = try Data(contentsOf: SQLFiles.root.appending(path: "policies/exceptions.json"))
        var reasons: [String: [String: String]] = [:]
        let document = try JSONValue(parsing: bytes)
        for (rule, objects) in try #require(document.object).members {
            for (object, reason) in try #require(objects.object).members {
                let text: String = try #require(reason.string)
                reasons[rule, default: [:]][object] = text
            }
        }
        return Exceptions(reasons: reasons)
    }

    var rules: Set<String> { Set(reasons.keys) }

    func objects(of rule: String) -> Set<String> { Set((reasons[rule] ?? [:]).keys) }

    /// Fails for every object that breaks the rule without being listed, and for every listed one that breaks it no more.
    func check(_ rule: String, broken: [String], advice: String, _ location: SourceLocation = #_sourceLocation) {
        let listed = objects(of: rule)
        for object in broken where !listed.contains(object) {
            Issue.record("\(object): \(advice)", sourceLocation: location)
        }
        for object in listed.subtracting(broken) {
            Issue.record(
                "\(object) keeps the rule \(rule) now: take it out of policies/exceptions.json",
                sourceLocation: location)
        }
    }
}
