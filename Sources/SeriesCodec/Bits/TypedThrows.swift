// The standard library's closures over memory throw untyped errors; these keep the type.

extension Array {
    /// An array whose elements `body` fills in, all of them, before it returns.
    init(filling count: Int, _ body: (UnsafeMutableBufferPointer<Element>) throws(ChunkError) -> Void)
        throws(ChunkError)
    where Element: BitwiseCopyable {
        var failure: ChunkError?
        self.init(unsafeUninitializedCapacity: count) { buffer, filled in
            do throws(ChunkError) {
                try body(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                filled = count
            } catch {
                failure = error
                filled = 0
            }
        }
        if let failure { throw failure }
    }
}

extension [UInt8] {
    /// The bytes for the time of the call.
    func withRawBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ChunkError) -> Result
    ) throws(ChunkError) -> Result {
        let result: Swift.Result<Result, ChunkError> = withUnsafeBytes { raw in
            do throws(ChunkError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        return try result.get()
    }
}

/// Memory for `count` elements for the time of the call. Fill it before reading.
func withScratch<Element: BitwiseCopyable, Result>(
    of type: Element.Type, count: Int, _ body: (UnsafeMutableBufferPointer<Element>) throws(ChunkError) -> Result
) throws(ChunkError) -> Result {
    let result: Swift.Result<Result, ChunkError> = withUnsafeTemporaryAllocation(of: type, capacity: count) { scratch in
        do throws(ChunkError) { return .success(try body(scratch)) } catch { return .failure(error) }
    }
    return try result.get()
}
