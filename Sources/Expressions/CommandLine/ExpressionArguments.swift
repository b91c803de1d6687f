/// What stands behind `rookery expression test`.
package enum ExpressionArguments {
    private static let options: Set<String> = ["-h", "-help"]
    private static let optionsWithValue: Set<String> = ["--data"]

    /// The arguments in an order in which an expression that begins with a minus sign, such as `-temperature`, is not
    /// taken for options: it comes last, behind `--`. Anything but `expression test …` stays as it is.
    package static func separated(_ arguments: [String]) -> [String] {
        guard arguments.starts(with: ["expression", "test"]), !arguments.contains("--") else { return arguments }
        var others: [String] = []
        var expressions: [String] = []
        for argument in arguments {
            let isValue = others.last.map { optionsWithValue.contains($0) } ?? false
            let isSigned = argument.hasPrefix("-") && !argument.hasPrefix("--") && !options.contains(argument)
            if isSigned && !isValue { expressions.append(argument) } else { others.append(argument) }
        }
        return expressions.isEmpty ? arguments : others + ["--"] + expressions
    }
}
