extension Parser {
    /// `left` with the operator that was just read and what belongs to its right side.
    mutating func extend(_ left: Syntax, by operation: Token) throws(ExpressionError) -> Syntax {
        switch operation.symbol {
        case .open: return try call(of: left, operation)
        case .openBracket: return try predicate(of: left, operation)
        case .caret: return try ordering(of: left, operation)
        case .openBrace:
            let group = binary(operation, left)
            group.pairs = try pairs()
            return group
        case .assign:
            guard left.kind == .variable else {
                throw ExpressionError("S0212", at: left.position, token: left.token)
            }
            let assignment = binary(operation, left)
            // One less, so that `$a := $b := 1` assigns from the right.
            assignment.right = try expression(Operator.assign.power - 1)
            return assignment
        case .at, .hash:
            let binding = binary(operation, left)
            let variable = try expression(operation.symbol.power)
            guard variable.kind == .variable else {
                throw ExpressionError("S0214", at: variable.position, token: operation.text)
            }
            binding.right = variable
            return binding
        case .question:
            let condition = Syntax(.condition, operation.position, text: operation.text)
            condition.left = left
            condition.right = try expression(0)
            if isAt(.colon) {
                try advance()
                condition.third = try expression(0)
            }
            return condition
        case .fallback, .coalesce:
            let choice = Syntax(operation.symbol == .fallback ? .fallback : .coalesce, operation.position)
            choice.left = left
            choice.right = try expression(0)
            return choice
        default:
            let binary = binary(operation, left)
            binary.right = try expression(operation.symbol.power)
            return binary
        }
    }

    private func binary(_ operation: Token, _ left: Syntax) -> Syntax {
        let binary = Syntax(.binary, operation.position, text: operation.text)
        binary.operation = operation.symbol
        binary.left = left
        return binary
    }

    private mutating func predicate(of left: Syntax, _ operation: Token) throws(ExpressionError) -> Syntax {
        if isAt(.closeBracket) {
            var step = left
            while step.kind == .binary, step.operation == .openBracket, let inner = step.left { step = inner }
            step.keepsArray = true
            try advance()
            return left
        }
        let predicate = binary(operation, left)
        predicate.right = try expression(0)
        try expect(.closeBracket, afterOperand: true)
        return predicate
    }

    private mutating func ordering(of left: Syntax, _ operation: Token) throws(ExpressionError) -> Syntax {
        let ordering = binary(operation, left)
        try expect(.open)
        while true {
            var isDescending = false
            if isAt(.less) || isAt(.greater) {
                isDescending = isAt(.greater)
                try advance()
            }
            ordering.terms.append((isDescending, try expression(0)))
            guard isAt(.comma) else { break }
            try advance()
        }
        try expect(.close)
        return ordering
    }

    private mutating func call(of left: Syntax, _ operation: Token) throws(ExpressionError) -> Syntax {
        let call = Syntax(.call, operation.position, text: "(")
        call.left = left
        if !isAt(.close) {
            while true {
                if isAt(.question) {
                    call.kind = .partial
                    call.items.append(Syntax(.placeholder, token.position, text: "?"))
                    try advance()
                } else {
                    call.items.append(try expression(0))
                }
                guard isAt(.comma) else { break }
                guard call.items.count < Self.maximumArguments else {
                    throw ExpressionError(
                        "S0501", at: token.position,
                        message: "A function takes at most \(Self.maximumArguments) arguments")
                }
                try advance()
            }
        }
        try expect(.close, afterOperand: true)
        guard left.kind == .name, left.text == "function" || left.text == "\u{3BB}" else { return call }
        for (index, parameter) in call.items.enumerated() where parameter.kind != .variable {
            throw ExpressionError("S0208", at: parameter.position, token: parameter.token, argument: index + 1)
        }
        call.kind = .lambda
        if isAt(.less) { call.signature = try signature() }
        try expect(.openBrace)
        call.left = try expression(0)
        try expect(.closeBrace)
        return call
    }

    /// `<…>` behind the parameters of a function.
    private mutating func signature() throws(ExpressionError) -> Signature {
        let start = token.position
        var depth = 1
        var text = "<"
        while depth > 0, !isAt(.openBrace), !isAtEnd {
            try advance()
            if isAt(.greater) { depth -= 1 }
            if isAt(.less) { depth += 1 }
            text += token.text
        }
        try expect(.greater)
        do throws(ExpressionError) {
            return try Signature(text)
        } catch {
            throw ExpressionError(error.code, at: start + (error.position ?? 0), message: error.details.message)
        }
    }
}
