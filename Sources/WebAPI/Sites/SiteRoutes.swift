import Kernel
import Organizations
import Tenancy

/// ORG-8.
package struct SiteRoutes: Sendable {
    private let sites: SiteService
    private let zones: ZoneService

    package init(sites: SiteService, zones: ZoneService) { (self.sites, self.zones) = (sites, zones) }

    package func register(in api: APIRoutes) {
        api.resource(
            "/sites", sites, read: .sitesRead, write: .sitesWrite, refuses: [.alreadyExists],
            creating: [.quotaExceeded], deleting: [.inUse])
        api.resource(
            "/sites/{id}/zones", id: "zone_id", zones, read: .sitesRead, write: .sitesWrite, refuses: [.alreadyExists],
            deleting: [.inUse])
    }
}
