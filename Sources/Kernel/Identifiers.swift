/// What an ``OrganizationID`` identifies.
public enum OrganizationSubject {}
package enum UserSubject {}
package enum MembershipSubject {}
package enum RoleSubject {}
package enum SessionSubject {}
package enum APIKeySubject {}
package enum ServiceAccountSubject {}
package enum TierSubject {}
package enum SiteSubject {}
package enum ZoneSubject {}
package enum DeviceSubject {}
package enum DeviceModelSubject {}
package enum DeviceTypeSubject {}
package enum DeviceProductSubject {}
package enum DeviceCredentialSubject {}
package enum DatapointSubject {}
package enum ModelCommandSubject {}
package enum AlarmRuleSubject {}
package enum AlarmSubject {}
package enum EventSubject {}
package enum AuditEntrySubject {}
package enum TimelineEntrySubject {}

/// A tenant. Public, with the types that it stands on, because a scope is minted through SPI, which only public
/// declarations can be.
public typealias OrganizationID = TypedID<OrganizationSubject>
package typealias UserID = TypedID<UserSubject>
package typealias MembershipID = TypedID<MembershipSubject>
package typealias RoleID = TypedID<RoleSubject>
package typealias SessionID = TypedID<SessionSubject>
package typealias APIKeyID = TypedID<APIKeySubject>
package typealias ServiceAccountID = TypedID<ServiceAccountSubject>
package typealias TierID = TypedID<TierSubject>
package typealias SiteID = TypedID<SiteSubject>
package typealias ZoneID = TypedID<ZoneSubject>
package typealias DeviceID = TypedID<DeviceSubject>
package typealias DeviceModelID = TypedID<DeviceModelSubject>
package typealias DeviceTypeID = TypedID<DeviceTypeSubject>
package typealias DeviceProductID = TypedID<DeviceProductSubject>
package typealias DeviceCredentialID = TypedID<DeviceCredentialSubject>
package typealias DatapointID = TypedID<DatapointSubject>
package typealias ModelCommandID = TypedID<ModelCommandSubject>
package typealias AlarmRuleID = TypedID<AlarmRuleSubject>
package typealias AlarmID = TypedID<AlarmSubject>
package typealias EventID = TypedID<EventSubject>
package typealias AuditEntryID = TypedID<AuditEntrySubject>
package typealias TimelineEntryID = TypedID<TimelineEntrySubject>

/// What has telemetry: a device, later an asset, a site, a KPI. Platform-wide, small, never shown to a client.
package struct SourceNumber: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}
