import HTTPTypes
import Identity
import JSON
import Kernel
import Persistence
import Secrets
import Tenancy

/// Signing in and out, who one is, one's sessions, and going to another organization.
package struct AuthRoutes: Sendable {
    let signIns: SignInService
    let keys: SigningKeyRing

    package init(signIns: SignInService, keys: SigningKeyRing) {
        self.signIns = signIns
        self.keys = keys
    }

    package func register(in api: APIRoutes) {
        api.open(
            .post, "/auth/login", body: .json, refuses: [.invalidCredentials, .forbidden, .organizationSuspended], login
        )
        api.open(
            .post, "/auth/refresh", body: .json, refuses: [.invalidCredentials, .organizationSuspended, .notFound],
            refresh)
        api.signedIn(.post, "/auth/logout", parameters: ["all"], answers: [204], refuses: [.forbidden], logout)
        api.signedIn(.get, "/auth/me", me)
        api.signedIn(.get, "/auth/sessions", sessions)
        api.signedIn(.delete, "/auth/sessions/{id}", answers: [204], endSession)
        api.signedIn(.post, "/organizations/{id}/switch", refuses: [.organizationSuspended], switchOrganization)
        api.platform("/.well-known/jwks.json", keySet)
    }

    func login(_ request: OpenRequest) async throws -> Answer {
        let input = request.input()
        let email = input.required("email", .text(1...254))
        let password = input.required("password", .presentedPassword)
        let organization = input.optional("organization_id", .id(OrganizationID.self))
        try input.finish()
        let tokens = try await signIns.signIn(
            email: email, password: password, organization: organization, from: request.origin)
        return .confidential(tokens)
    }

    func refresh(_ request: OpenRequest) async throws -> Answer {
        let input = request.input()
        let token = input.required("refresh_token", .text(1...200))
        let organization = input.optional("organization_id", .id(OrganizationID.self))
        try input.finish()
        return .confidential(try await signIns.refresh(token, organization: organization, from: request.origin))
    }

    func logout(_ request: SignedInRequest) async throws -> Answer {
        let query = request.query()
        let everywhere = query.optional("all", .boolean, default: false)
        try query.finish()
        try await signIns.signOut(request.principal, everywhere: everywhere)
        return .noContent
    }

    func me(_ request: SignedInRequest) async throws -> Answer {
        .ok(CallerView(principal: request.principal, account: try await signIns.account(of: request.principal)))
    }

    func sessions(_ request: SignedInRequest) async throws -> Answer {
        let current = request.principal.actor.sessionID
        let sessions = try await signIns.sessions(of: request.principal)
        return .items(sessions.map { SessionView(session: $0, isCurrent: $0.id == current) })
    }

    func endSession(_ request: SignedInRequest) async throws -> Answer {
        try await signIns.endSession(request.id(of: "session"), of: request.principal)
        return .noContent
    }

    func switchOrganization(_ request: SignedInRequest) async throws -> Answer {
        let organization: OrganizationID = try request.id(of: "organization")
        let issued = try await signIns.switchOrganization(request.principal, to: organization, from: request.origin)
        return .confidential(SwitchView(token: issued.token, expiresIn: issued.expiresIn, organizationID: organization))
    }

    func keySet(_ request: OpenRequest) async throws -> Answer {
        let set = try JSONValue(parsing: keys.verifier.jsonWebKeySet)
        var answer = Answer.ok(set)
        answer.headers[.cacheControl] = "public, max-age=300"
        return answer
    }
}

extension RequestReading {
    /// From where the request comes, as the sign-in and the audit trail keep it.
    var origin: RequestOrigin {
        RequestOrigin(address: request.clientAddress, agent: request.headers[.userAgent], requestID: request.id)
    }
}

extension Answer {
    /// 200 with secrets in it: no cache keeps it (RFC 6749 §5.1).
    static func confidential(_ value: some JSONWritable) -> Answer {
        var answer = Answer.ok(value)
        answer.headers[.cacheControl] = "no-store"
        return answer
    }
}
