import NIOConcurrencyHelpers
import NIOCore
import Synchronization

/// Says whether a server is on its way out, so that it can call itself not ready.
package final class DrainSignal: Sendable {
    private let begun = Atomic<Bool>(false)

    package init() {}

    package var isDraining: Bool { begun.load(ordering: .relaxed) }

    func begin() { begun.store(true, ordering: .relaxed) }
}

/// The connections of a server: how many there are, from where, and whether the server is shutting down.
final class ConnectionLedger: Sendable {
    private struct Entries {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var perAddress: [String: Int] = [:]
        /// Accepted, but not yet in the hands of whoever serves them.
        var unserved: Set<ObjectIdentifier> = []
        var isQuiescing = false
    }

    private let entries = NIOLockedValueBox(Entries())
    private let drain: DrainSignal
    private let limits: HTTPLimits

    init(limits: HTTPLimits, drain: DrainSignal) {
        self.limits = limits
        self.drain = drain
    }

    var count: Int { entries.withLockedValue { $0.channels.count } }

    /// Whether answers ask clients to go elsewhere.
    var isDraining: Bool { drain.isDraining }

    func beginDraining() { drain.begin() }

    /// Takes a connection in until it closes; false when there are too many already.
    func admit(_ channel: any Channel, from address: String) -> Bool {
        let verdict: (admitted: Bool, quiesce: Bool) = entries.withLockedValue { entries in
            guard entries.channels.count < limits.connections,
                entries.perAddress[address, default: 0] < limits.connectionsPerAddress
            else { return (false, false) }
            entries.channels[ObjectIdentifier(channel)] = channel
            entries.unserved.insert(ObjectIdentifier(channel))
            entries.perAddress[address, default: 0] += 1
            return (true, entries.isQuiescing)
        }
        guard verdict.admitted else { return false }
        channel.closeFuture.whenComplete { _ in self.remove(channel, from: address) }
        if verdict.quiesce {
            channel.eventLoop.execute { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
        }
        return true
    }

    /// Somebody serves the connection now.
    func served(_ channel: any Channel) {
        entries.withLockedValue { _ = $0.unserved.remove(ObjectIdentifier(channel)) }
    }

    /// Whether connections are on their way from the port to whoever serves them.
    var hasUnserved: Bool { entries.withLockedValue { !$0.unserved.isEmpty } }

    private func remove(_ channel: any Channel, from address: String) {
        entries.withLockedValue { entries in
            entries.channels[ObjectIdentifier(channel)] = nil
            entries.unserved.remove(ObjectIdentifier(channel))
            let left = entries.perAddress[address, default: 1] - 1
            entries.perAddress[address] = left > 0 ? left : nil
        }
    }

    /// Asks every connection to end after what it is doing.
    func quiesce() {
        let channels = entries.withLockedValue { entries in
            entries.isQuiescing = true
            return Array(entries.channels.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }
    }

    /// Closes what is left, with answers unfinished.
    func closeAll() {
        for channel in entries.withLockedValue({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }
}
