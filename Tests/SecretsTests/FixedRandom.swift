import Synchronization

@testable import Secrets

/// Gives the same bytes in every run.
final class FixedRandom: RandomSource {
    private let state: Mutex<UInt64>
    private let constant: [UInt8]?

    init(seed: UInt64) {
        state = Mutex(seed)
        constant = nil
    }

    init(always constant: [UInt8]) {
        state = Mutex(0)
        self.constant = constant
    }

    func bytes(_ count: Int) throws(SecretsError) -> [UInt8] {
        if let constant { return Array(constant.prefix(count)) }
        return state.withLock { state in
            (0..<count).map { _ in
                // SplitMix64
                state &+= 0x9e37_79b9_7f4a_7c15
                var mixed = state
                mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
                mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
                return UInt8(truncatingIfNeeded: mixed >> 31)
            }
        }
    }
}
