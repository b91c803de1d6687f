import ArgumentParser
import Expressions
import Foundation
import JSON

/// `rookery expression`: the language of conditions and formulas, tried by hand or driven by a tool.
struct ExpressionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "expression",
        abstract: "Evaluate JSONata expressions and KPI formulas.",
        subcommands: [ExpressionTest.self])

    @Flag(
        help: """
            Read {"id", "expr", "data", "bindings", "timelimit", "depth"} a line and answer {"id", "result"}, \
            {"id", "undefined": true} or {"id", "error", "position", "token", "message"}.
            """)
    var lines = false

    func run() throws {
        guard lines else { throw ValidationError("Give --lines or a subcommand.") }
        LargeStack.run {
            while let line = readLine() {
                var answer = ExpressionLines.answer(Array(line.utf8))
                answer.append(UInt8(ascii: "\n"))
                FileHandle.standardOutput.write(Data(answer))
            }
        }
    }
}

/// `rookery expression test`: one expression on one document.
struct ExpressionTest: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Evaluate one expression and show its value and what it reads.")

    @Argument(help: "The expression.")
    var expression: String

    @Option(help: "A file with the JSON that it is evaluated on, - for standard input; nothing without it.")
    var data: String?

    @Flag(help: "It is a KPI formula, such as SUM(energy) / COUNT(devices).")
    var formula = false

    func run() throws {
        var input = Value.undefined
        if let data {
            let bytes = try Self.bytes(of: data)
            do {
                input = Value(try JSONDocument(parsing: bytes))
            } catch {
                throw ValidationError("\(data) is no JSON: \(error)")
            }
        }
        let outcome = LargeStack.run { [expression, formula, input] in
            Result { () throws(ExpressionError) -> (Value, ReadPaths) in
                let compiled =
                    try formula ? Expressions.Expression.compile(formula: expression) : .compile(expression)
                return (try compiled.evaluate(input, limits: .commandLine), compiled.reads)
            }
        }
        switch outcome {
        case .success(let (value, reads)):
            let paths = reads.paths.map { $0.isEmpty ? "the whole input" : $0.joined(separator: ".") }
            FileHandle.standardError.write(Data("reads: \(paths.joined(separator: ", "))\n".utf8))
            print(value.json?.text ?? "no value")
        case .failure(let error):
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode.failure
        }
    }

    private static func bytes(of file: String) throws -> [UInt8] {
        if file == "-" { return Array(FileHandle.standardInput.readDataToEndOfFile()) }
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: file)))
        } catch CocoaError.fileReadNoSuchFile, CocoaError.fileNoSuchFile {
            throw ValidationError("There is no file \(file).")
        } catch {
            throw ValidationError("\(file) cannot be read.")
        }
    }
}

/// A thread with the stack that ``EvaluationLimits/commandLine`` expects: commands may run on a pool's threads, whose
/// stacks are small.
private enum LargeStack {
    /// Only one thread at a time uses what is in here: the other waits for it.
    private final class Box<Outcome>: @unchecked Sendable {
        var outcome: Outcome?
        let body: () -> Outcome

        init(_ body: @escaping () -> Outcome) { self.body = body }
    }

    static func run<Outcome>(_ body: @escaping () -> Outcome) -> Outcome {
        let box = Box(body)
        let done = DispatchSemaphore(value: 0)
        let thread = Thread {
            box.outcome = box.body()
            done.signal()
        }
        thread.stackSize = 16 << 20
        thread.start()
        done.wait()
        guard let outcome = box.outcome else { preconditionFailure("the thread signalled before it was done") }
        return outcome
    }
}
