import Foundation
import JSON
import TestSupport
import Testing

@Suite("/devices/{id}/credentials")
struct DeviceCredentialRouteTests {
    @Test("a token is shown once, and nothing that is read later holds it")
    func shownOnce() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        #expect(device.token.hasPrefix("rk_dev_"))
        let list = try await organization.admin.get("/devices/\(device.id)/credentials").expect(200)
        #expect(list.items.count == 1)
        #expect(!list.text.contains(device.token))
        let trail = try await organization.admin.get("/audit?resource_kind=device_credential").expect(200)
        #expect(trail.items.count == 1)
        #expect(!trail.text.contains(device.token.dropFirst(15)))
    }

    @Test("a repeated request gets the same token, though no token lies in the database")
    func repeated() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let once = organization.admin.with("Idempotency-Key", "make-\(device.id)")
        let first = try await once.post("/devices/\(device.id)/credentials", [:]).expect(201)
        let second = try await once.post("/devices/\(device.id)/credentials", [:]).expect(201)
        #expect(first.json == second.json)
        #expect(try await organization.admin.get("/devices/\(device.id)/credentials").expect(200).items.count == 2)
    }

    @Test("rotation leaves both tokens good for the overlap, revocation ends one")
    func rotation() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let path = "/devices/\(device.id)/credentials"
        let first = try await organization.admin.get(path).expect(200).items.first?["id"]?.string ?? ""
        let rotated = try await organization.admin.post("\(path)/\(first)/rotate", ["overlap_seconds": 600]).expect(201)
        #expect(rotated.json["token"]?.string?.hasPrefix("rk_dev_") == true)
        #expect(try await organization.admin.get("\(path)/\(first)").expect(200).json["valid_until"]?.string != nil)
        try await organization.admin.delete("\(path)/\(first)").expect(204)
        #expect(try await organization.admin.get("\(path)/\(first)").expect(200).json["revoked_at"]?.string != nil)
        #expect(try await organization.admin.post("\(path)/\(first)/rotate").expect(409).code == "conflict")
    }

    @Test("a viewer reads no secrets and makes none; a decommissioned device gets none")
    func refused() async throws {
        let organization = try await TestPlatform.shared.organization()
        let device = try await organization.device()
        let viewer = try await organization.member("viewer")
        try await viewer.post("/devices/\(device.id)/credentials", [:]).expect(403)
        try await organization.admin.post("/devices/\(device.id)/transitions", ["to": "decommissioned"]).expect(200)
        let credentials = try await organization.admin.get("/devices/\(device.id)/credentials").expect(200).items
        #expect(credentials.allSatisfy { $0["revoked_at"]?.string != nil })
        try await organization.admin.post("/devices/\(device.id)/credentials", [:]).expect(409)
    }
}
