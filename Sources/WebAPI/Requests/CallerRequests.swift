import Kernel
import Tenancy

/// A request in an organization: the principal and the scope are there, so that no handler has to ask.
package struct TenantRequest: RequestReading {
    package let request: APIRequest
    package let principal: Principal
    package let scope: TenantScope

    package var organizationID: OrganizationID { scope.organizationID }
}

/// A request of somebody who is signed in, perhaps without an organization.
package struct SignedInRequest: RequestReading {
    package let request: APIRequest
    package let principal: Principal
}

/// A request of a device about itself.
package struct DeviceRequest: RequestReading {
    package let request: APIRequest
    package let principal: Principal
    package let scope: TenantScope
    package let deviceID: DeviceID
    package let source: SourceNumber
}

/// A request of whoever comes.
package struct OpenRequest: RequestReading {
    package let request: APIRequest
}
