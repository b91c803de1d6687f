import Audit
import Foundation
import HTTPTypes
import HummingbirdCore
import JSON
import Kernel
import NIOCore
import Persistence
import Tenancy

/// AUD-1 and AUD-2, as far as they are read.
package struct AuditRoutes: Sendable {
    private let audit: AuditService
    private static let exportedAtOnce = 500

    package init(audit: AuditService) { self.audit = audit }

    package func register(in api: APIRoutes) {
        let filters = AuditFilter.parameters
        api.list("/audit", .auditRead, sort: AuditSort.self, parameters: filters, list)
        api.list(
            "/audit/user/{id}", .auditRead, sort: AuditSort.self, parameters: filters.filter { $0 != "actor_id" },
            listOfUser)
        api.list(
            "/audit/resource/{type}/{id}", .auditRead, sort: AuditSort.self,
            parameters: filters.filter { !$0.hasPrefix("resource_") }, listOfResource)
        api.get("/audit/statistics", .auditRead, parameters: filters, statistics)
        api.get("/audit/verify", .auditRead, verify)
        let tenants = api.services.tenants
        api.raw(.get, "/audit/export", .auditRead, parameters: filters + ["format"]) { request in
            try await export(request, tenants)
        }
    }

    private func list(
        _ request: TenantRequest, _ page: PageRequest<AuditSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<AuditEntry> {
        try await audit.list(tx, try Self.filter(request.query()), page)
    }

    private func listOfUser(
        _ request: TenantRequest, _ page: PageRequest<AuditSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<AuditEntry> {
        var filter = try Self.filter(request.query())
        let user: UserID = try request.id(of: "user")
        filter.actorID = user.uuid
        return try await audit.list(tx, filter, page)
    }

    private func listOfResource(
        _ request: TenantRequest, _ page: PageRequest<AuditSort>, _ tx: borrowing TenantTransaction
    ) async throws -> Page<AuditEntry> {
        var filter = try Self.filter(request.query())
        let resource: AuditEntryID = try request.id(of: "resource")
        filter.resourceKind = request.path("type")
        filter.resourceID = resource.uuid
        return try await audit.list(tx, filter, page)
    }

    private func statistics(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        .ok(try await audit.statistics(tx, try Self.filter(request.query())))
    }

    private func verify(_ request: TenantRequest, _ tx: borrowing TenantTransaction) async throws -> Answer {
        .ok(try await audit.verify(tx))
    }

    private enum Format: String, CaseIterable { case csv, ndjson }

    /// Streams page by page, each in a transaction of its own, so that a slow reader holds no connection. The export itself
    /// is audited before its first byte.
    private func export(_ request: TenantRequest, _ tenants: TenantDatabase) async throws -> Answer {
        let query = request.query()
        let wanted = AuditFilter(reading: query)
        let format = query.optional("format", .oneOf(Format.self), default: .csv)
        try query.finish()
        let (audit, scope) = (audit, request.scope)
        let filter = try await tenants.withTransaction(scope, .readWrite) {
            (tx: borrowing TenantTransaction) async throws -> AuditFilter in
            try await audit.beginExport(tx, wanted, format: format.rawValue)
        }
        let type = format == .csv ? "text/csv; charset=utf-8" : "application/x-ndjson"
        var answer = Answer.stream(type: type) { writer in
            if format == .csv { try await writer.write(ByteBuffer(bytes: Self.header)) }
            var after: PagePosition?
            repeat {
                var page = PageRequest<AuditSort>(limit: Self.exportedAtOnce, sort: .createdAt)
                page.after = after
                let wanted = page
                let entries = try await tenants.withTransaction(scope, .readOnly) {
                    (tx: borrowing TenantTransaction) async throws -> Page<AuditEntry> in
                    try await audit.list(tx, filter, wanted)
                }
                try await writer.write(ByteBuffer(bytes: Self.encode(entries.items, as: format)))
                after = entries.next
            } while after != nil
        }
        answer.headers[.contentDisposition] = "attachment; filename=\"audit.\(format.rawValue)\""
        return answer
    }

    private static var header: [UInt8] {
        var row = CSVRow()
        for name in AuditEntry.csvHeader { row.text(name) }
        row.end()
        return row.bytes
    }

    private static func encode(_ entries: [AuditEntry], as format: Format) -> [UInt8] {
        switch format {
        case .csv:
            var row = CSVRow()
            for entry in entries { entry.write(to: &row) }
            return row.bytes
        case .ndjson: return entries.flatMap { $0.jsonBytes + [UInt8(ascii: "\n")] }
        }
    }

    private static func filter(_ query: InputReader) throws -> AuditFilter {
        let filter = AuditFilter(reading: query)
        try query.finish()
        return filter
    }
}
