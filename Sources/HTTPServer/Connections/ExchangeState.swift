import NIOHTTP1

/// How far a connection is with its present request and the answer to it. Pure: the guard acts on what it says.
struct ExchangeState {
    /// The head has come, the end of the body has not.
    private(set) var isReceiving = false
    /// The head has come, the end of the answer has not gone.
    private(set) var isAnswering = false
    /// The head of the answer has gone, so that no other can.
    private(set) var hasAnswerBegun = false
    /// Whether the connection ends with the present answer.
    private(set) var isLast = false
    /// Nothing that comes is looked at any more.
    private(set) var isClosing = false
    private(set) var isFirstRequest = true
    private(set) var bodyBytes = 0

    var isIdle: Bool { !isReceiving && !isAnswering && !isClosing }
    /// A further request must wait: answers go out in the order of the requests.
    var holdsNextRequest: Bool { isAnswering && !isReceiving }

    mutating func requestBegan(keepsAlive: Bool) {
        isReceiving = true
        isAnswering = true
        hasAnswerBegun = false
        bodyBytes = 0
        if !keepsAlive { isLast = true }
    }

    /// - Returns: whether the body is still within the limit.
    mutating func received(_ count: Int, limit: Int) -> Bool {
        bodyBytes += count
        return bodyBytes <= limit
    }

    mutating func requestEnded() {
        isReceiving = false
        isFirstRequest = false
    }

    /// - Parameter isDraining: whether the server is shutting down.
    /// - Returns: whether the answer must say `Connection: close`. An answer before the end of the body ends the
    ///   connection, because nobody waits for the rest.
    mutating func answerBegan(isDraining: Bool) -> Bool {
        hasAnswerBegun = true
        if isDraining || isReceiving { isLast = true }
        return isLast
    }

    mutating func answerEnded() {
        isAnswering = false
        if isLast { isClosing = true }
    }

    /// The client sends nothing more; it may still read the present answer.
    mutating func inputClosed() { isLast = true }

    mutating func closes() { isClosing = true }
}
