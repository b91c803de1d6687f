import Foundation
import TestStorage
import Testing

/// Under row-level security a condition that is no leakproof btree comparison reads the whole organization
/// (T12). What a filter needs beyond that goes through `search_entries`.
@Suite("Statements filter by what an index serves under row-level security")
struct FilterTests {
    struct Condition: Sendable {
        let name: String
        let pattern: @Sendable (Substring) -> Bool
    }

    static let refused: [Condition] = [
        Condition(name: "LIKE") { $0.contains(/\b(i?like|similar to)\b/.ignoresCase()) },
        Condition(name: "a regular expression") { $0.contains(/\s!?~\*?\s/) },
        Condition(name: "containment or overlap (@>, <@, &&)") { $0.contains(/@>|<@|\s&&\s/) },
        Condition(name: "text search (@@)") { $0.contains("@@") },
        Condition(name: "a function of a column: add a generated column") {
            $0.contains(/\b(lower|upper|date_trunc)\([a-z]+\.?[a-z_]*[^)]*\)\s*(=|<|>|in\b)/)
        },
        Condition(name: "a json member (->, ->>, ?)") { $0.contains(/(where|and|or|on)\s[^\n]*(->|\s\?\s)/) },
    ]

    @Test("no statement of a module uses a condition that reads the whole organization")
    func modules() throws {
        let sources = URL(filePath: TestDatabase.root).appending(path: "Sources")
        let files = try #require(FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil))
        var statements = 0
        var broken: Set<String> = []
        for case let file as URL in files where file.pathExtension == "swift" && !file.path.contains("/TestSupport/") {
            for literal in Self.literals(in: try String(contentsOf: file, encoding: .utf8))
            where Self.isStatement(literal) || Self.isCondition(literal) {
                statements += 1
                // What is selected or written may be computed; the rule is about what is compared.
                for refused in Self.refused where Self.conditions(of: literal).contains(where: refused.pattern) {
                    let tag = literal.firstMatch(of: /\/\* ([a-z_.]+) \*\//).map { String($0.1) }
                    broken.insert("\(tag ?? file.lastPathComponent) by \(refused.name)")
                }
            }
        }
        try Exceptions.load().check(
            "filter", broken: broken.sorted(),
            advice:
                "no index serves this under RLS: use a column that is compared, or search_entries")
        #expect(statements > 50)
    }

    @Test(
        "the rule sees each refused form",
        arguments: [
            "select 1 from app.devices where name like 'a%'", "select 1 from app.devices d where lower(d.name) = 'a'",
            "select 1 from app.devices where tags @> '{a}'", "select 1 from app.devices where metadata ->> 'a' = 'b'",
            "select 1 from app.devices where x = 1 and tags && '{a}'", "select 1 from app.devices where name ~ '^a'",
            #" and tags @> \(tags)"#, #"name like \(beginning)"#, #" and name ~* \(pattern)"#,
        ])
    func forms(statement: String) {
        #expect(Self.isStatement(statement) || Self.isCondition(statement))
        #expect(
            Self.conditions(of: statement).contains { condition in Self.refused.contains { $0.pattern(condition) } })
    }

    /// String literals, multi-line ones whole.
    private static func literals(in source: String) -> [String] {
        source.matches(of: /"""\n(.*?)"""|"((?:[^"\\\n]|\\.)*)"/.dotMatchesNewlines())
            .map { String($0.1 ?? $0.2 ?? "") }
    }

    private static func isStatement(_ literal: String) -> Bool {
        literal.contains(/\b(from|update|join|into)\s+app\.[a-z_]+/) || literal.contains(/^\s*(and|where)\s[a-z_]+\./)
    }

    /// A part of a statement that compares a column with a value, such as a filter's.
    private static func isCondition(_ literal: String) -> Bool {
        literal.contains(/[a-z_]\)?\s(=|<>|<|>|<=|>=|i?like|~\*?|@>|<@|&&|@@)\s(any\s?\()?\\\(/)
    }

    /// From each WHERE, ON or AND to the next clause; a condition by itself is one.
    private static func conditions(of statement: String) -> [Substring] {
        if !isStatement(statement) { return [statement[...]] }
        return statement.matches(
            of: /\b(?:where|on|and)\b.*?(?=\b(?:order by|group by|returning|limit|for update|select|set)\b|\z)/
                .dotMatchesNewlines()
        ).map(\.0)
    }
}
