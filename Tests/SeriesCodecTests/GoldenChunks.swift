import SeriesCodec

struct GoldenChunk {
    let name: String
    let chunk: String
    var clock: String?
    let series: Series
}

enum GoldenChunks {
    static let all: [GoldenChunk] = []
}
