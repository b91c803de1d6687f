import HTTPServer
import HTTPTypes
import JSON
import Kernel
import NIOCore
import Pipeline
import Telemetry
import Tenancy

/// Measurements come in (TEL-1): from a device with its token, or from a user or key of its organization.
package struct TelemetryIngestRoutes: Sendable {
    private let pipeline: TelemetryPipeline
    private let devices: DeviceDirectory
    private let limits: MessageLimits

    package init(pipeline: TelemetryPipeline, devices: DeviceDirectory, limits: MessageLimits = MessageLimits()) {
        self.pipeline = pipeline
        self.devices = devices
        self.limits = limits
    }

    package func register(in api: APIRoutes) {
        api.raw(
            .post, "/devices/{id}/telemetry", .telemetryWrite, body: .bytes, refuses: [.quotaExceeded],
            traffic: .telemetry, ingestForDevice)
        api.raw(
            .post, "/telemetry/batch", .telemetryWrite, body: .bytes, refuses: [.quotaExceeded], traffic: .telemetry,
            ingestBatch)
        api.device(.post, "/telemetry/ingest", answers: [200], refuses: [.quotaExceeded], ingestOwn)
    }

    /// `{id}` is a device's key or id; `me` is the device whose token it is. A gateway may name its peripherals.
    private func ingestForDevice(_ request: TenantRequest) async throws -> Answer {
        let source = try await source(request.path("id"), request)
        let batch = try decode(request, .singleDevice)
        return try await store(request, batch, [source])
    }

    private func ingestOwn(_ request: DeviceRequest) async throws -> Answer {
        let batch = try decode(request, .singleDevice)
        try request.charge(messages: batch.messages.count)
        let receipt = try await pipeline.submit(
            batch, from: [request.source], in: request.scope.organizationID, origin: .api)
        return .ok(receipt)
    }

    private func ingestBatch(_ request: TenantRequest) async throws -> Answer {
        let batch = try decode(request, .manyDevices)
        let found = try await find(batch.devices, request)
        var faults: [FieldFault] = []
        for (index, message) in batch.messages.enumerated() where message.device >= 0 {
            let reference = batch.devices[Int(message.device)]
            guard let entry = found[reference] else {
                faults.append(
                    FieldFault(pointer: "/messages/\(index)/device", detail: "is no device of this organization"))
                continue
            }
            if !entry.isAdmitted {
                faults.append(
                    FieldFault(pointer: "/messages/\(index)/device", detail: "is suspended or decommissioned"))
            }
        }
        guard faults.isEmpty else { throw ServiceError.invalidInput(Array(faults.prefix(limits.reportedFaults))) }
        let sources = batch.devices.compactMap { found[$0]?.source }
        return try await store(request, batch, sources)
    }

    private func store(
        _ request: TenantRequest, _ batch: MessageBatch, _ sources: [SourceNumber]
    ) async throws -> Answer {
        try request.charge(messages: batch.messages.count)
        return .ok(try await pipeline.submit(batch, from: sources, in: request.organizationID, origin: .api))
    }

    // MARK: - Which device

    private func source(_ reference: String, _ request: TenantRequest) async throws -> SourceNumber {
        if case .device(_, let source) = request.principal.kind, reference == "me" { return source }
        guard let entry = try await find([reference], request)[reference] else { throw ServiceError.notFound("device") }
        guard entry.isAdmitted else {
            throw ServiceError(
                .forbidden, "Measurements are not taken from a device that is suspended or decommissioned.")
        }
        return entry.source
    }

    /// The devices that the sender may speak for: a device itself and its peripherals, others every one of the organization.
    private func find(
        _ references: [String], _ request: TenantRequest
    ) async throws -> [String: DeviceDirectory.Entry] {
        guard case .device(let own, let source) = request.principal.kind else {
            return try await devices.find(request.scope, references)
        }
        let others = references.filter { $0 != "me" }
        var found = others.isEmpty ? [:] : try await devices.find(request.scope, others)
        found = found.filter { $0.value.deviceID == own || $0.value.gatewayID == own }
        if others.count < references.count { found["me"] = .own(own, source) }
        return found
    }

    // MARK: - The body

    private func decode(_ request: some RequestReading, _ form: MessageDecoder.Form) throws(ServiceError)
        -> MessageBatch
    {
        if let type = request.request.headers[.contentType], !JSONBody.isJSON(type) {
            throw ServiceError(.unsupportedMediaType, "The body must be JSON: Content-Type: application/json.")
        }
        let decoded: Result<MessageBatch, ServiceError> = request.request.bytes.withUnsafeReadableBytes { bytes in
            do throws(ServiceError) {
                return .success(try MessageDecoder.decode(bytes, form: form, limits: limits))
            } catch {
                return .failure(error)
            }
        }
        return try decoded.get()
    }
}

extension IngestReceipt: JSONWritable {
    /// `{"accepted", "duplicates", "dead_letters"}`
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("accepted", accepted)
            json.field("duplicates", duplicates)
            json.field("dead_letters", deadLetters)
        }
    }
}
