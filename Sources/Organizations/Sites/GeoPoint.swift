import JSON
import Kernel

/// A place on Earth, WGS 84, in degrees.
package struct GeoPoint: Hashable, Sendable {
    /// -90 to 90.
    package var latitude: Double
    /// -180 to 180.
    package var longitude: Double

    package init(latitude: Double, longitude: Double) {
        (self.latitude, self.longitude) = (latitude, longitude)
    }

    /// The point's place on a Z-order curve of 31 bits a direction: near points mostly have near codes, so that a btree
    /// finds what lies around a place.
    package var cell: Int64 {
        func quantized(_ fraction: Double) -> UInt32 { UInt32(min(max(fraction, 0), 1) * Double(UInt32.max >> 1)) }
        let (x, y) = (quantized((longitude + 180) / 360), quantized((latitude + 90) / 180))
        return Int64(Self.spread(x) | Self.spread(y) << 1)
    }

    /// Moves bit n to bit 2 n.
    private static func spread(_ value: UInt32) -> UInt64 {
        var bits = UInt64(value)
        bits = (bits | bits << 16) & 0x0000_FFFF_0000_FFFF
        bits = (bits | bits << 8) & 0x00FF_00FF_00FF_00FF
        bits = (bits | bits << 4) & 0x0F0F_0F0F_0F0F_0F0F
        bits = (bits | bits << 2) & 0x3333_3333_3333_3333
        return (bits | bits << 1) & 0x5555_5555_5555_5555
    }

    init(reading input: InputReader) {
        latitude = input.required("latitude", .number(-90...90))
        longitude = input.required("longitude", .number(-180...180))
    }
}

extension GeoPoint: JSONWritable {
    package func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("latitude", latitude)
            json.field("longitude", longitude)
        }
    }
}
