import NIOCore
import NIOPosix
import NIOSSL

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Why a server did not start, or what it left undone. The descriptions are for whoever runs it.
package enum MQTTServerError: Error, CustomStringConvertible {
    case cannotListen(host: String, port: Int, String)
    /// A transport with TLS.
    case noCertificate(String)
    case unusableCertificate(String)
    /// So many publishes and Wills.
    case undecided(Int)
    case notPersisted
    case full

    package var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason): "cannot listen on port \(port) of \(host): \(reason)"
        case .noCertificate(let transport): "\(transport) needs a certificate"
        case .unusableCertificate(let reason): "TLS cannot be used: \(reason)"
        case .undecided(1): "a message was not decided before the server ended"
        case .undecided(let count): "\(count) messages were not decided before the server ended"
        case .notPersisted: "not every session was persisted before the server ended"
        case .full: "there are too many connections"
        }
    }

    /// Why a certificate, its key or the authorities were refused.
    static func unusableCertificate(_ error: any Error) -> MQTTServerError {
        switch error as? NIOSSLError {
        case .failedToLoadCertificate: .unusableCertificate("the certificate cannot be read")
        case .failedToLoadPrivateKey:
            .unusableCertificate("the key cannot be read, or does not belong to the certificate")
        case .noSuchFilesystemObject: .unusableCertificate("there is no file of the authorities")
        default: .unusableCertificate(String(describing: error))
        }
    }

    /// Why the system refused a port.
    static func reason(_ error: any Error) -> String {
        if error is SocketAddressError || error is SocketAddressError.UnknownHost { return "the host is not known" }
        guard let error = error as? IOError else { return String(describing: error) }
        return switch error.errnoCode {
        case EADDRINUSE: "another program listens there, or another transport of this one"
        case EADDRNOTAVAIL: "the address does not belong to this machine"
        case EACCES: "only the superuser may use ports below 1024"
        default: String(cString: strerror(error.errnoCode))
        }
    }
}
