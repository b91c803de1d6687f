/// What nodes remember and must forget when it changes: the values of `cache_invalidations.kind`.
package enum CacheKind: String, Sendable, CaseIterable {
    /// An organization's status, tier or limits.
    case organization
    case tier
    /// One session that ended.
    case session
    /// All sessions of a person: the subject is the user.
    case sessionsOf = "sessions_of"
    /// A membership or its roles.
    case membership
    case apiKey = "api_key"
    case deviceCredential = "device_credential"
    case site
    /// A device's place, type, model or status.
    case device
    case deviceModel = "device_model"
    case deviceType = "device_type"
    case alarmRule = "alarm_rule"
    /// An alarm that a person cleared; the subject is its device.
    case alarm
    case signingKey = "signing_key"
}
