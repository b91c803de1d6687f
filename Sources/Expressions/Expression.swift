import JSON

/// A JSONata expression (https://docs.jsonata.org), compiled once to be evaluated any number of times by anyone.
///
/// What it may use is bounded by ``EvaluationLimits``; neither compiling nor evaluating can end the process, whatever the
/// source and the input.
package struct Expression: Sendable, CustomStringConvertible {
    package let source: String
    /// The parts of the input that an evaluation may look at.
    package let reads: ReadPaths
    private let program: Program
    private let symbols: SymbolTable

    /// Sendable, unchecked: nodes are changed by nobody once the compiler is done, and hold no more than constants.
    private final class Program: @unchecked Sendable {
        let root: Node
        /// Whether evaluations need a frame for variables of their own.
        let binds: Bool

        init(root: Node, binds: Bool) {
            self.root = root
            self.binds = binds
        }
    }

    init(source: String, root: Node, symbols: SymbolTable, binds: Bool, reads: ReadPaths) {
        self.source = source
        self.symbols = symbols
        self.reads = reads
        program = Program(root: root, binds: binds)
    }

    /// Longer sources are refused.
    package static let maximumLength = 64 << 10

    /// - Throws: ``ExpressionError`` with a code S….
    package static func compile(_ source: String) throws(ExpressionError) -> Expression {
        do throws(ExpressionError) {
            var parser = Parser(source)
            var resolver = PathResolver()
            let syntax = try resolver.resolveWhole(parser.parse())
            var compiler = Compiler(SymbolTable())
            let (root, symbols) = try compiler.compileWhole(syntax)
            return Expression(
                source: source, root: root, symbols: symbols, binds: compiler.binds,
                reads: ReadPaths(of: syntax, shadowed: compiler.shadowed))
        } catch {
            throw error.located(in: source)
        }
    }

    package var description: String { source }

    /// The value for `input`.
    ///
    /// - Parameters:
    ///   - bindings: variables by their names, without `$`.
    ///   - moment: what `$now()` and `$millis()` tell, in milliseconds since 1970; nil for the time of the evaluation.
    /// - Throws: ``ExpressionError`` with a code T… or D….
    package func evaluate(
        _ input: Value, bindings: [String: Value] = [:], limits: EvaluationLimits = .standard, moment: Double? = nil
    ) throws(ExpressionError) -> Value {
        var run = Evaluation(root: input, limits: limits, symbols: symbols, moment: moment)
        defer { run.close() }
        do throws(ExpressionError) {
            let result = try value(for: input, bindings, &run)
            try run.checkOutput(result)
            return result
        } catch {
            throw error.located(in: source)
        }
    }

    /// Whether the value for `input` counts as true; false when there is none.
    package func holds(
        for input: Value, bindings: [String: Value] = [:], limits: EvaluationLimits = .standard, moment: Double? = nil
    ) throws(ExpressionError) -> Bool {
        var run = Evaluation(root: input, limits: limits, symbols: symbols, moment: moment)
        defer { run.close() }
        do throws(ExpressionError) {
            return try value(for: input, bindings, &run).truth(&run) ?? false
        } catch {
            throw error.located(in: source)
        }
    }

    @inline(__always)
    private func value(
        for input: Value, _ bindings: [String: Value], _ run: inout Evaluation
    ) throws(ExpressionError) -> Value {
        var frame: Frame?
        if program.binds || !bindings.isEmpty {
            let outermost = Frame(parent: nil)
            for (name, value) in bindings { outermost.bind(run.symbols.symbol(name), value) }
            frame = outermost
        }
        let result = try program.root.evaluate(input.isArray ? input.wrapped : input, frame, &run)
        if case .tuples(let stream) = result {
            return Value.array(List(stream.tuples.map(\.context), flags: .sequence)).collapsed
        }
        return result.unwrapped
    }
}
