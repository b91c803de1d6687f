/// How residuals are written.
enum ResidualCoder: Sendable {
    /// ``AdaptiveEncoder``.
    case adaptive
    /// ``TableEncoder``.
    case table
    /// ``PlainEncoder``.
    case plain
}

/// The first byte of a stream of integers: bits 0–3 the predictor (15: all numbers are the same), bit 4 "scaled",
/// bits 5–6 the coder: 0 adaptive, 1 by table, 2 plain; bit 7 is zero.
struct IntegerStreamForm {
    let rawValue: UInt8

    static let constant = IntegerStreamForm(rawValue: 15)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ predictor: PredictorKind, isScaled: Bool, coder: ResidualCoder) {
        let bits: UInt8 =
            switch coder {
            case .adaptive: 0
            case .table: 0x20
            case .plain: 0x40
            }
        rawValue = predictor.rawValue | (isScaled ? 0x10 : 0) | bits
    }

    var isConstant: Bool { rawValue == Self.constant.rawValue }
    /// `nil` if the byte means nothing.
    var predictor: PredictorKind? { PredictorKind(rawValue: rawValue & 15) }
    var isScaled: Bool { rawValue & 0x10 != 0 }
    /// `nil` if the byte means nothing.
    var coder: ResidualCoder? {
        switch rawValue >> 5 {
        case 0: .adaptive
        case 1: .table
        case 2: .plain
        default: nil
        }
    }
}
