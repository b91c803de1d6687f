/// Why an expression cannot be compiled, or why its evaluation ended.
///
/// The codes are JSONata's: S… are found by compiling, T… are wrong types, D… depend on the data. Two are added:
/// S0303 for a regular expression that cannot be searched in linear time, S0501 for an expression that is nested too deeply.
package struct ExpressionError: Error, Sendable, CustomStringConvertible {
    package let code: String
    /// In plain English, fit for the author of the expression.
    package var message: String { details.message ?? ErrorMessages.message(of: self) }
    /// The place in the source, in UTF-16 code units; nil when it is not known.
    package var position: Int? { details.position }
    /// The operator, function or text that is at fault.
    package var token: String? { details.token }

    package var description: String {
        if let position { "\(code) at \(position): \(message)" } else { "\(code): \(message)" }
    }

    /// On the heap, so that what may throw hands over one word only.
    final class Details: Sendable {
        let position: Int?
        let token: String?
        /// The value at fault, as text.
        let value: String?
        let secondValue: String?
        /// Which argument is at fault, from 1.
        let argument: Int?
        /// Instead of the code's own.
        let message: String?

        init(position: Int?, token: String?, value: String?, secondValue: String?, argument: Int?, message: String?) {
            self.position = position
            self.token = token
            self.value = value
            self.secondValue = secondValue
            self.argument = argument
            self.message = message
        }
    }

    let details: Details
    /// The position of what stands in a source that an expression made itself: no position for those who read the error.
    static let nowhere = -1
    /// In characters.
    private static let longestToken = 200
    private static let longestMessage = 1_000

    /// `position` counts bytes here; ``located(in:)`` makes it what the outside reads. `words` are the value when it is no
    /// value of the expression, and stand in the message as they are.
    init(
        _ code: String, at position: Int? = nil, token: String? = nil, value: Value? = nil, secondValue: Value? = nil,
        words: String? = nil, argument: Int? = nil, message: String? = nil
    ) {
        self.code = code
        details = Details(
            position: Self.known(position), token: token.map { ErrorMessages.cut($0, to: Self.longestToken) },
            value: words.map { ErrorMessages.cut($0, to: Self.longestToken) } ?? value.map(ErrorMessages.excerpt),
            secondValue: secondValue.map(ErrorMessages.excerpt), argument: argument,
            message: message.map { ErrorMessages.cut($0, to: Self.longestMessage) })
    }

    private init(code: String, details: Details) {
        self.code = code
        self.details = details
    }

    private static func known(_ position: Int?) -> Int? { position == nowhere ? nil : position }

    /// Fills in what is not known yet.
    func placed(at position: Int, token: String?) -> ExpressionError {
        guard details.position == nil || (details.token == nil && token != nil) else { return self }
        return ExpressionError(
            code: code,
            details: Details(
                position: details.position ?? Self.known(position),
                token: details.token ?? token.map { ErrorMessages.cut($0, to: Self.longestToken) },
                value: details.value,
                secondValue: details.secondValue, argument: details.argument, message: details.message))
    }

    /// The position counted in UTF-16 code units of `source` instead of bytes.
    func located(in source: String) -> ExpressionError {
        guard let position = details.position else { return self }
        let utf8 = source.utf8
        let index = utf8.index(utf8.startIndex, offsetBy: min(position, utf8.count))
        let units = source.utf16.distance(from: source.startIndex, to: index)
        return ExpressionError(
            code: code,
            details: Details(
                position: units, token: details.token, value: details.value, secondValue: details.secondValue,
                argument: details.argument, message: details.message))
    }
}
