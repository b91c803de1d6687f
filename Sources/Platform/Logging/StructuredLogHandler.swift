import JSON
import Kernel
import Logging

/// Writes one line an event: JSON for machines, text for people. Control characters never reach the line, so a log entry
/// cannot be forged by what a client sends.
package struct StructuredLogHandler: LogHandler {
    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let format: Configuration.LogFormat
    private let sink: LogSink

    package init(label: String, level: Logger.Level, format: Configuration.LogFormat, sink: LogSink) {
        self.label = label
        logLevel = level
        self.format = format
        self.sink = sink
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        if let error = event.error { all["error"] = "\(String(reflecting: error))" }
        let fields = all.sorted { $0.key < $1.key }
        switch format {
        case .json: sink.write(json(event, fields))
        case .text: sink.write(text(event, fields))
        }
    }

    private func json(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)]) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("time", Timestamp.now())
            json.field("level", event.level.rawValue)
            json.field("logger", label)
            json.field("message", event.message.description)
            for (name, value) in fields { json.field(named: name, value.description) }
        }
        return json.bytes + [UInt8(ascii: "\n")]
    }

    private func text(_ event: LogEvent, _ fields: [(key: String, value: Logger.MetadataValue)]) -> [UInt8] {
        var line = "\(Timestamp.now()) \(event.level.rawValue.uppercased()) \(label): \(event.message)"
        for (name, value) in fields { line += " \(name)=\(value)" }
        return line.utf8.map { $0 < 0x20 ? UInt8(ascii: " ") : $0 } + [UInt8(ascii: "\n")]
    }
}

extension Configuration {
    /// Makes every logger of the process write as configured, to standard error.
    package func startLogging() -> LogSink {
        let sink = LogSink(descriptor: 2)
        let (level, format) = (logLevel, logFormat)
        LoggingSystem.bootstrap { StructuredLogHandler(label: $0, level: level, format: format, sink: sink) }
        return sink
    }
}
