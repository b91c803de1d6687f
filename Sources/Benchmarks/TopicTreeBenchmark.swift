import Glibc
import MQTTCodec
import MQTTSession

/// A topic tree with as many subscriptions as a million devices make: what one costs in memory, and what one match costs.
enum TopicTreeBenchmark {
    static func run(subscriptions: Int) {
        let before = residentBytes()
        var tree = TopicTree<Int>()
        let subscription = Subscription(SubscriptionOptions(qos: .atLeastOnce))
        var begun = ProcessorTime.ownSeconds()
        for number in 0..<subscriptions {
            tree.insert(number, filter: text("devices/d\(number)/commands"), subscription)
        }
        report("subscribe", begun, subscriptions)
        print("memory: \((residentBytes() - before) / subscriptions) B a subscription")
        for (number, filter) in ["devices/+/telemetry", "devices/#", "+/+/alarms", "$share/g/x"].enumerated() {
            tree.insert(subscriptions + number, filter: text(filter), subscription)
        }
        var found = 0
        begun = ProcessorTime.ownSeconds()
        for number in 0..<subscriptions {
            let topic = text("devices/d\((number &* 7_919) % subscriptions)/commands")
            tree.match(topic) { _, _ in
                found += 1
            } shared: { _ in
            }
        }
        report("match of a topic with two subscriptions, its text included", begun, subscriptions)
        precondition(found == 2 * subscriptions)
        begun = ProcessorTime.ownSeconds()
        for number in 0..<subscriptions { tree.remove(number, filter: text("devices/d\(number)/commands")) }
        report("unsubscribe", begun, subscriptions)
    }

    private static func text(_ text: String) -> MQTTString { MQTTString(text) ?? "" }

    private static func report(_ what: String, _ begun: Double, _ count: Int) {
        let nanoseconds = Int((ProcessorTime.ownSeconds() - begun) / Double(count) * 1e9)
        print("\(what): \(nanoseconds) ns CPU")
    }

    private static func residentBytes() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, 128, file) != nil else { return 0 }
        let fields = String(decoding: line.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
        return (fields.count > 1 ? Int(fields[1]) ?? 0 : 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
