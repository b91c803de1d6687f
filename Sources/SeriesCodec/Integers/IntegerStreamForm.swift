/// The first byte of a stream of integers: bits 0–3 the predictor (15: all numbers are the same), bit 4 "scaled",
/// bit 5 "coded by table"; the others are zero.
struct IntegerStreamForm {
    let rawValue: UInt8

    static let constant = IntegerStreamForm(rawValue: 15)

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init(_ predictor: PredictorKind, isScaled: Bool, usesTable: Bool) {
        rawValue = predictor.rawValue | (isScaled ? 0x10 : 0) | (usesTable ? 0x20 : 0)
    }

    var isConstant: Bool { rawValue == Self.constant.rawValue }
    /// `nil` if the byte means nothing.
    var predictor: PredictorKind? { rawValue < 0x40 ? PredictorKind(rawValue: rawValue & 15) : nil }
    var isScaled: Bool { rawValue & 0x10 != 0 }
    var usesTable: Bool { rawValue & 0x20 != 0 }
}
