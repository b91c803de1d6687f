import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The connections that the kernel has made and the server has not yet accepted. Closing a port resets them, whatever they
/// have sent.
struct ListenQueue: Sendable {
    let port: any Channel

    /// Lets no further connection wait, and returns once those that wait have been accepted, at the latest after two seconds.
    /// Clients who come now try again and find the port closed.
    func runEmpty() async {
        await onSocket { _ = listen($0, 0) }
        let step = Duration.milliseconds(20)
        var emptyFor = Duration.zero
        var waited = Duration.zero
        // The last step of a handshake may still be on its way when the queue is empty.
        while emptyFor < .milliseconds(100), waited < .seconds(2) {
            try? await Task.sleep(for: step)
            waited += step
            emptyFor = await count() == 0 ? emptyFor + step : .zero
        }
    }

    /// For a listening socket Linux tells its queue's length in the field of the unacknowledged segments (tcp(7), TCP_INFO).
    private func count() async -> Int {
        #if canImport(Glibc)
            return await onSocket { socket in
                var info = tcp_info()
                var size = socklen_t(MemoryLayout<tcp_info>.size)
                return getsockopt(socket, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 ? Int(info.tcpi_unacked) : 0
            } ?? 0
        #else
            return 0
        #endif
    }

    @discardableResult
    private func onSocket<Result: Sendable>(_ body: @escaping @Sendable (NIOBSDSocket.Handle) -> Result) async
        -> Result?
    {
        try? await port.eventLoop.submit {
            try port.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { body($0) }
        }.get()
    }
}
