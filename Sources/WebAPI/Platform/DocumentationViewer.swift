import Foundation
import HTTPTypes
import Kernel
import NIOCore

/// The viewer at `/docs`: swagger-ui's files, from the directory in which a package has installed them.
struct DocumentationViewer: Sendable {
    /// What may be served, by its name in the URL. Read at the start: no path of a request reaches the file system.
    private let files: [String: (path: String, type: String)]

    /// - Parameter directory: nil or one without swagger-ui leaves a page that says how to get it.
    init(directory: String?) {
        let types = [
            "css": "text/css; charset=utf-8", "js": "application/javascript; charset=utf-8", "png": "image/png",
            "svg": "image/svg+xml",
        ]
        var files: [String: (path: String, type: String)] = [:]
        for name in directory.flatMap({ try? FileManager.default.contentsOfDirectory(atPath: $0) }) ?? [] {
            guard let directory, let type = types[String(name.split(separator: ".").last ?? "")] else { continue }
            files[name] = (path: "\(directory)/\(name)", type: type)
        }
        self.files = files
    }

    private var isInstalled: Bool { files["swagger-ui-bundle.js"] != nil && files["swagger-ui.css"] != nil }

    @Sendable func page(_ request: OpenRequest) async throws -> Answer {
        var answer = Answer(
            status: .ok,
            body: .bytes(
                ByteBuffer(string: isInstalled ? Self.viewerPage : Self.absentPage), type: "text/html; charset=utf-8"))
        answer.headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
        return answer
    }

    @Sendable func file(_ request: OpenRequest) async throws -> Answer {
        let name = request.path("file")
        if name == "start.js", isInstalled {
            return Answer(
                status: .ok, body: .bytes(ByteBuffer(string: Self.start), type: "application/javascript; charset=utf-8")
            )
        }
        guard let file = files[name] else { throw ServiceError.notFound("file") }
        let bytes = try Data(contentsOf: URL(fileURLWithPath: file.path))
        var answer = Answer(status: .ok, body: .bytes(ByteBuffer(bytes: bytes), type: file.type))
        answer.headers[.cacheControl] = "public, max-age=3600"
        return answer
    }

    private static let viewerPage = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Rookery API</title>
        <link rel="stylesheet" href="/docs/swagger-ui.css"></head>
        <body><div id="viewer"></div><script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
        """

    private static let start = """
        SwaggerUIBundle({ url: "/openapi.json", dom_id: "#viewer", deepLinking: true, validatorUrl: null });
        """

    private static let absentPage = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>Rookery API</title></head><body><h1>Rookery API</h1>
        <p>The description of the API is at <a href="/openapi.json">/openapi.json</a>.</p>
        <p>The viewer is not installed. Install the package that holds swagger-ui's files (deploy/run does) and set
        <code>ROOKERY_DOCS_DIRECTORY</code> to the directory with <code>swagger-ui-bundle.js</code>.</p></body></html>
        """
}
