/// What was found shortest for the last chunk of a series. Hand it to the next one: its choice is tried first and kept
/// while it is about as good, which makes encoding a few times faster. A new one tries everything.
package struct EncodingChoice: Equatable, Sendable {
    var times: TimeChoice?
    var numbers: NumberChoice?
    var nulls: StreamChoice?
    var quality: StreamChoice?

    package init() {}
}
