/// What nodes remember and must forget when it changes: the values of `cache_invalidations.kind`.
package enum CacheKind: String, Sendable, CaseIterable {
    /// An organization's status, tier or limits.
    case organization
    /// A session, a membership or its roles.
    case session
    case apiKey = "api_key"
    case deviceCredential = "device_credential"
    /// A device's place, type, model or status.
    case device
    case alarmRule = "alarm_rule"
    /// An alarm that a person cleared; the subject is its device.
    case alarm
    case signingKey = "signing_key"
}
