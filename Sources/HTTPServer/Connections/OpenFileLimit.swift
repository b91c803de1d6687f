#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Every connection is an open file, and the soft limit of a login shell is a thousand.
package enum OpenFileLimit {
    /// Raises the process's soft limit to its hard one.
    /// - Returns: the limit now in force; nil when the system does not say.
    @discardableResult
    package static func raise() -> Int? {
        var limit = rlimit()
        #if canImport(Glibc)
            let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        #else
            let files = RLIMIT_NOFILE
        #endif
        guard getrlimit(files, &limit) == 0 else { return nil }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(files, &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }
}
