import HTTPTypes
import Identity
import Kernel
import Persistence

/// How a new organization gets the first of its people.
package struct FirstAdministratorRoutes: Sendable {
    private let accounts: PlatformAccounts

    package init(accounts: PlatformAccounts) { self.accounts = accounts }

    package func register(in api: APIRoutes) {
        api.system(.post, "/organizations/{id}/administrator", body: .json, answers: [201], refuses: [.conflict], name)
    }

    private func name(_ request: SignedInRequest, _ tx: borrowing SystemTransaction) async throws -> Answer {
        let organization: OrganizationID = try request.id(of: "organization")
        let named = try await accounts.nameFirstAdministrator(
            tx, of: organization, FirstAdministrator(body: request.document))
        var answer = Answer.confidential(named)
        answer.status = .created
        return answer
    }
}
