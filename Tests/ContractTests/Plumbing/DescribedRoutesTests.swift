import TestStorage
import TestSupport
import Testing
import WebAPI

@Suite("The description in openapi/")
struct DescribedRoutesTests {
    @Test("says of every route what the route does: path, permission, parameters, body, statuses")
    func agreement() async throws {
        let platform = try await TestPlatform.shared
        let description = try OpenAPIDescription(directory: "\(TestDatabase.root)/openapi")
        let differences = platform.routes.differences(from: description)
        #expect(differences.isEmpty, "\n\(differences.joined(separator: "\n"))")
        #expect(platform.routes.routes.count > 50)
    }
}
