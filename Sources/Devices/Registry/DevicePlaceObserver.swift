import Kernel
import Persistence

/// What became of a device that others keep something by.
package enum DevicePlaceChange: Sendable {
    /// It has another site, model or type.
    case moved
    case decommissioned
    case deleted
}

/// Somebody above this module who must act in the same transaction when a device's place changes.
package protocol DevicePlaceObserver: Sendable {
    /// Called when the change has been made.
    func devicePlaceChanged(
        _ tx: borrowing TenantTransaction, of device: DeviceID, by change: DevicePlaceChange
    ) async throws
}
