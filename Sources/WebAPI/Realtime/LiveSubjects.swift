import Alarms
import JSON
import Kernel
import Persistence
import Realtime
import Telemetry
import Tenancy

/// What live connections ask of the database, each time in a transaction of their own organization.
struct LiveSubjects: RealtimeReader {
    let tenants: TenantDatabase
    let alarms: AlarmService
    let telemetry: TelemetryReader

    private static let openAlarmLimit = 200

    func requireExistence(of topics: [RealtimeTopic], for connection: RealtimeConnection) async throws {
        let subjects = AlarmSubjects(topics)
        guard subjects.isSomething else { return }
        let isOwn = try await tenants.withTransaction(try Self.scope(connection), .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> Bool in
            try await alarms.isOwn(tx, subjects)
        }
        guard !isOwn else { return }
        throw ServiceError(.notFound, "One of the topics names nothing of this organization.")
    }

    /// `{"open_alarms": [...], "is_complete": true, "latest": [...]}`: the latest open alarms of what is listened to, whether
    /// these are all, and the latest values of the devices listened to by their ids.
    func state(of topics: Set<RealtimeTopic>, for connection: RealtimeConnection) async throws -> [UInt8] {
        let permissions = connection.principal.permissions
        let subjects = AlarmSubjects(Array(topics))
        let hearsAll = topics.contains(.organization) || topics.contains(.alarms)
        let (open, latest) = try await tenants.withTransaction(try Self.scope(connection), .readOnly) {
            (tx: borrowing TenantTransaction) async throws -> ([Alarm], [LatestOfDevice]) in
            var (open, latest): ([Alarm], [LatestOfDevice]) = ([], [])
            if permissions.contains(.alarmsRead) {
                open = try await alarms.listOpen(tx, of: hearsAll ? nil : subjects, limit: Self.openAlarmLimit + 1)
            }
            if permissions.contains(.telemetryRead), !subjects.devices.isEmpty {
                latest = try await telemetry.latest(tx, of: subjects.devices)
            }
            return (open, latest)
        }
        var json = JSONWriter(reserving: 4096)
        json.object { json in
            json.field("open_alarms", Array(open.prefix(Self.openAlarmLimit)))
            json.field("is_complete", open.count <= Self.openAlarmLimit)
            json.field("latest", latest)
        }
        return json.bytes
    }

    /// Only principals of an organization get a connection.
    private static func scope(_ connection: RealtimeConnection) throws(ServiceError) -> TenantScope {
        guard let scope = connection.principal.scope else { throw .notFound("organization") }
        return scope
    }
}

extension AlarmSubjects {
    fileprivate init(_ topics: [RealtimeTopic]) {
        self.init()
        for topic in topics {
            switch topic {
            case .organization, .alarms: break
            case .device(let id): devices.append(id)
            case .site(let id): sites.append(id)
            case .alarm(let id): alarms.append(id)
            }
        }
    }

    fileprivate var isSomething: Bool { !devices.isEmpty || !sites.isEmpty || !alarms.isEmpty }
}
