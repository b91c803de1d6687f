import Kernel

/// In which organization, and as whom, the database is used: the first of the three walls between tenants.
///
/// There is no way to a tenant's rows without one, and nobody makes one but the authenticators, the workers' dispatcher
/// and the tests: the initializer is SPI, and `deploy/check-scope` lists who may import it.
public struct TenantScope: Hashable, Sendable {
    package let organizationID: OrganizationID
    package let actor: Actor

    /// - Precondition: the caller has proved that the actor may act in the organization.
    @_spi(ScopeMinting)
    public init(organizationID: OrganizationID, actor: Actor) {
        self.organizationID = organizationID
        self.actor = actor
    }
}
