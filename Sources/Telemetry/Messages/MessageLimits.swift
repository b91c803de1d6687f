/// How much one request may bring (S14). The body's size is limited by the HTTP front.
package struct MessageLimits: Sendable {
    package var messagesPerRequest = 1_000
    package var valuesPerMessage = 500
    /// Bytes of a datapoint's name in UTF-8.
    package var nameLength = 100
    /// Characters of a text value.
    package var textLength = 500
    /// Bytes of an array or object as compact JSON.
    package var documentLength = 4_096
    /// Faults that are reported; the rest is left out.
    package var reportedFaults = 100

    package init() {}
}
