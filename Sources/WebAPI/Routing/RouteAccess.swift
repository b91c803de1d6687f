import Tenancy

/// Who may use a route. The OpenAPI description repeats it as `x-permission`.
package enum RouteAccess: Hashable, Sendable {
    /// Anybody; no credentials are looked at.
    case open
    /// Whoever is signed in, in an organization or not.
    case signedIn
    /// A member or key of an organization that holds this permission.
    case permission(Permission)
    /// A device with its own token.
    case device
    /// A platform administrator.
    case superadmin

    /// What `x-permission` says.
    package var name: String {
        switch self {
        case .open: "none"
        case .signedIn: "signed-in"
        case .permission(let permission): permission.rawValue
        case .device: "device"
        case .superadmin: "superadmin"
        }
    }
}
