public enum OrganizationSubject {}
public enum UserSubject {}
public enum MembershipSubject {}
public enum RoleSubject {}
public enum SessionSubject {}
public enum APIKeySubject {}
public enum ServiceAccountSubject {}
public enum TierSubject {}
public enum SiteSubject {}
public enum ZoneSubject {}
public enum DeviceSubject {}
public enum DeviceModelSubject {}
public enum DeviceTypeSubject {}
public enum DeviceProductSubject {}
public enum DeviceCredentialSubject {}
public enum DatapointSubject {}
public enum ModelCommandSubject {}
public enum AlarmRuleSubject {}
public enum AlarmSubject {}
public enum EventSubject {}
public enum AuditEntrySubject {}
public enum TimelineEntrySubject {}

public typealias OrganizationID = TypedID<OrganizationSubject>
public typealias UserID = TypedID<UserSubject>
public typealias MembershipID = TypedID<MembershipSubject>
public typealias RoleID = TypedID<RoleSubject>
public typealias SessionID = TypedID<SessionSubject>
public typealias APIKeyID = TypedID<APIKeySubject>
public typealias ServiceAccountID = TypedID<ServiceAccountSubject>
public typealias TierID = TypedID<TierSubject>
public typealias SiteID = TypedID<SiteSubject>
public typealias ZoneID = TypedID<ZoneSubject>
public typealias DeviceID = TypedID<DeviceSubject>
public typealias DeviceModelID = TypedID<DeviceModelSubject>
public typealias DeviceTypeID = TypedID<DeviceTypeSubject>
public typealias DeviceProductID = TypedID<DeviceProductSubject>
public typealias DeviceCredentialID = TypedID<DeviceCredentialSubject>
public typealias DatapointID = TypedID<DatapointSubject>
public typealias ModelCommandID = TypedID<ModelCommandSubject>
public typealias AlarmRuleID = TypedID<AlarmRuleSubject>
public typealias AlarmID = TypedID<AlarmSubject>
public typealias EventID = TypedID<EventSubject>
public typealias AuditEntryID = TypedID<AuditEntrySubject>
public typealias TimelineEntryID = TypedID<TimelineEntrySubject>

/// What has telemetry: a device, later an asset, a site, a KPI. Platform-wide, small, never shown to a client.
package struct SourceNumber: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int32
    package init(rawValue: Int32) { self.rawValue = rawValue }
}
