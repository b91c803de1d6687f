/// The first byte of a section of times. The raw values stand in chunks: never change one.
enum TimeForm: UInt8 {
    /// signed first time · number step: all distances are the same.
    case exactGrid = 0
    /// signed first time · number unit · number step (of 2^16 to the unit) · section slots · stream of deviations:
    /// each point moves on by some slots, mostly one, and deviates from the grid.
    case grid = 1
    /// signed first time · stream of the distances, from the second point on.
    case waits = 2
    /// See ``ClockReference``.
    case sharedClock = 3
}
