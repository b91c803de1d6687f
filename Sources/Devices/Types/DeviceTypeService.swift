internal import Audit
internal import Foundation
package import Kernel
package import Persistence

/// Device types of an organization (DEV-6, as far as the registry needs them).
package struct DeviceTypeService: Sendable {
    private let types = DeviceTypeRepository()

    package init() {}

    package func list(
        _ tx: borrowing TenantTransaction, _ filter: DeviceTypeFilter, _ page: PageRequest<DeviceTypeSort>
    ) async throws -> Page<DeviceType> {
        try await types.list(tx, filter, page)
    }

    /// - Throws: `not-found`.
    package func read(_ tx: borrowing TenantTransaction, _ id: DeviceTypeID) async throws -> DeviceType {
        guard let type = try await types.find(tx, id) else { throw ServiceError.notFound("device type") }
        return type
    }

    /// - Throws: `already-exists`.
    package func create(_ tx: borrowing TenantTransaction, _ fields: DeviceTypeFields) async throws -> DeviceType {
        let id = DeviceTypeID.make()
        guard let type = try await types.insert(tx, id, fields) else { throw ServiceError.notFound("device type") }
        tx.recordChange("create", of: "device_type", id.uuid, from: nil, to: fields.document)
        return type
    }

    /// - Throws: `not-found`, `precondition-failed`, `already-exists`.
    package func revise(
        _ tx: borrowing TenantTransaction, _ id: DeviceTypeID, expecting expected: ExpectedVersion,
        _ revision: (DeviceTypeFields) throws -> DeviceTypeFields
    ) async throws -> DeviceType {
        guard let type = try await types.find(tx, id, locking: true) else { throw ServiceError.notFound("device type") }
        try expected.require(type.version)
        let fields = try revision(type.fields)
        guard fields != type.fields else { return type }
        guard let changed = try await types.update(tx, id, fields) else { throw ServiceError.notFound("device type") }
        tx.recordChange("update", of: "device_type", id.uuid, from: type.fields.document, to: fields.document)
        tx.invalidate(.deviceType, id.uuid)
        return changed
    }

    /// - Throws: `not-found`, `precondition-failed`, `in-use` while devices are of it.
    package func delete(
        _ tx: borrowing TenantTransaction, _ id: DeviceTypeID, expecting expected: ExpectedVersion
    ) async throws {
        guard let type = try await types.find(tx, id, locking: true) else { throw ServiceError.notFound("device type") }
        try expected.require(type.version)
        try await types.delete(tx, id)
        tx.recordChange("delete", of: "device_type", id.uuid, from: type.fields.document, to: nil)
        tx.invalidate(.deviceType, id.uuid)
    }
}
