/// What a connection and an organization may hold in memory.
package struct RealtimeLimits: Sendable {
    /// Events waiting for one slow connection; one more and they are replaced by a snapshot.
    package var queuedEvents = 1024
    package var queuedBytes = 1 << 20
    /// Events kept per organization for those who resume.
    package var keptEvents = 4096
    package var keptBytes = 4 << 20
    /// For how long events are kept after the last connection of an organization is gone.
    package var resumeWindow = Duration.seconds(120)
    package var topicsPerConnection = 500
    package var connectionsPerOrganization = 2000

    package init() {}
}
