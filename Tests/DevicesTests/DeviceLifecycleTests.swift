import Devices
import JSON
import Kernel
import Testing

@Suite("The life of a device")
struct DeviceLifecycleTests {
    @Test("every move outside of the table is refused with the legal ones")
    func moves() {
        let legal: [DeviceStatus: Set<DeviceStatus>] = [
            .manufactured: [.provisioned, .decommissioned], .provisioned: [.registered, .decommissioned],
            .registered: [.active, .decommissioned], .active: [.suspended, .maintenance, .decommissioned],
            .suspended: [.active, .maintenance, .decommissioned],
            .maintenance: [.active, .suspended, .decommissioned], .decommissioned: [],
        ]
        for from in DeviceStatus.allCases {
            for to in DeviceStatus.allCases {
                let isLegal = legal[from]?.contains(to) ?? false
                do throws(ServiceError) {
                    try from.requireTransition(to: to)
                    #expect(isLegal, "\(from) to \(to)")
                } catch {
                    #expect(!isLegal, "\(from) to \(to)")
                    #expect(error.code == .illegalTransition)
                    #expect(error.members["allowed"]?.array?.count == legal[from]?.count)
                }
            }
        }
    }
}
