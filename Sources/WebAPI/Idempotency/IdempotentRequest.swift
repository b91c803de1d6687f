import Foundation
import HTTPTypes
import JSON
import Kernel
import NIOCore
import Persistence
import PostgresClient
import Secrets
import Tenancy

/// A POST that its sender may repeat without a second effect (S27).
///
/// Key and answer are written in the transaction of the work itself, so that both hold or neither does. Only successes are
/// kept: a request that was refused had no effect, and its repetition is judged anew. Keys belong to who sends them, in the
/// organization that they act in; those of platform administrators, who act in none, to the platform.
struct IdempotentRequest: Sendable {
    private let key: String
    private let principalID: UUID
    private let hash: [UInt8]
    private let keys: SealingKeyring
    private let context: SealingContext
    private let organizationID: OrganizationID?

    /// Nil when the request carries no `Idempotency-Key`.
    /// - Throws: `malformed-request` when the key is not 1 to 255 visible ASCII characters.
    /// - Parameter cursors: holds the key that kept answers are sealed with.
    init?(_ request: TenantRequest, _ cursors: CursorCodec) throws {
        try self.init(request.request, request.principal, in: request.organizationID, cursors)
    }

    /// For a request of the platform, in no organization.
    init?(_ request: SignedInRequest, _ cursors: CursorCodec) throws {
        try self.init(request.request, request.principal, in: nil, cursors)
    }

    private init?(
        _ request: APIRequest, _ principal: Principal, in organizationID: OrganizationID?, _ cursors: CursorCodec
    ) throws {
        let values = request.headers[values: .idempotencyKey]
        guard let key = values.first else { return nil }
        guard values.count == 1, (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else {
            throw ServiceError(
                .malformedRequest, "Idempotency-Key must be 1 to 255 visible ASCII characters, given once.")
        }
        self.key = key
        keys = try cursors.answerKeys
        self.organizationID = organizationID
        principalID = principal.idempotencyOwner
        context = SealingContext(
            organization: organizationID?.description ?? "platform", table: "idempotency_keys",
            row: "\(principalID) \(key)")
        hash = cursors.requestHash(
            Self.identity(method: request.method.rawValue, target: request.target, body: request.bytes))
    }

    /// What makes two requests the same.
    static func identity(method: String, target: String, body: ByteBuffer) -> [UInt8] {
        var bytes = Array("\(method)\n\(target)\n".utf8)
        bytes.append(contentsOf: body.readableBytesView)
        return bytes
    }

    /// The first answer, or that of `work`, which is then kept with its effect.
    /// - Throws: `request-in-progress` while the first is being worked on, `idempotency-key-reused` when it was another.
    func once(
        _ tx: borrowing TenantTransaction, _ work: (borrowing TenantTransaction) async throws -> Answer
    ) async throws -> Answer {
        let found: SQL = """
            select request_hash, status, answer from app.idempotency_keys
            where principal_id = \(principalID) and key = \(key) and expires_at > now() /* idempotency.find */
            """
        if let first = try firstAnswer(in: try await tx.run([lock, found])) { return first }
        let answer = try await work(tx)
        guard let kept = try sealed(answer) else { return answer }
        try await tx.execute(
            """
            insert into app.idempotency_keys (organization_id, principal_id, key, request_hash, status, answer)
            values (\(tx.organizationID), \(principalID), \(key), \(hash), \(Int16(answer.status.code)), \(kept))
            on conflict on constraint idempotency_keys_pkey do update set request_hash = excluded.request_hash,
                status = excluded.status, answer = excluded.answer, expires_at = excluded.expires_at, created_at = now()
            /* idempotency.keep */
            """)
        return answer
    }

    /// The same in a transaction of the platform.
    func once(
        _ tx: borrowing SystemTransaction, _ work: (borrowing SystemTransaction) async throws -> Answer
    ) async throws -> Answer {
        let found: SQL = """
            select request_hash, status, answer from app.platform_answer(\(principalID), \(key)) /* idempotency.platform_find */
            """
        if let first = try firstAnswer(in: try await tx.run([lock, found])) { return first }
        let answer = try await work(tx)
        guard let kept = try sealed(answer) else { return answer }
        try await tx.execute(
            """
            select app.platform_answer_keep(\(principalID), \(key), \(hash), \(Int16(answer.status.code)), \(kept))
            /* idempotency.platform_keep */
            """)
        return answer
    }

    private var lock: SQL {
        let name = "\(organizationID?.description ?? "platform") \(principalID) \(key)"
        return "select pg_try_advisory_xact_lock(hashtextextended(\(name), 7)) /* idempotency.lock */"
    }

    private func firstAnswer(in results: [PostgresRows]) throws -> Answer? {
        let isLocked = try results[0].first { row in try row.next(Bool.self) }
        guard isLocked == true else {
            throw ServiceError(
                .requestInProgress, "A request with this Idempotency-Key is being worked on.", retryAfter: 1)
        }
        let found = try results[1].first { row in
            (hash: try row.next([UInt8].self), status: try row.next(Int16.self), answer: try row.next(JSONValue.self))
        }
        guard let found else { return nil }
        guard found.hash == hash else {
            throw ServiceError(
                .idempotencyKeyReused, "This Idempotency-Key was used for another request. Make a new one.")
        }
        guard let sealed = found.answer["sealed"]?.string.flatMap({ Base64URL.decode($0.utf8) }),
            let opened = try? keys.open(sealed, for: context), let kept = try? JSONValue(parsing: opened)
        else {
            throw ServiceError(.conflict, "The request was done, but its answer can no longer be read.")
        }
        return Answer(status: Int(found.status), kept: kept)
    }

    /// What is kept for 24 hours. Streams and bodies that are no text cannot be kept; they are not answered to POSTs.
    private func sealed(_ answer: Answer) throws -> JSONValue? {
        guard let answered = answer.kept else { return nil }
        let sealed = try keys.seal(answered.bytes, for: context, random: SystemRandom())
        return ["sealed": .string(Base64URL.encode(sealed))]
    }
}

extension Answer {
    /// Status apart, what a repetition needs; nil when the body cannot be kept.
    var kept: JSONValue? {
        var object: JSONObject = [:]
        var fields: JSONObject = [:]
        for name in [HTTPField.Name.eTag, .location] {
            if let value = headers[name] { fields[name.canonicalName] = .string(value) }
        }
        object["headers"] = .object(fields)
        switch body {
        case .none: break
        case .bytes(let bytes, let type):
            guard let text = String(validating: bytes.readableBytesView, as: UTF8.self) else { return nil }
            object["type"] = .string(type)
            object["body"] = .string(text)
        case .stream: return nil
        }
        return .object(object)
    }

    /// - Parameter kept: as ``kept`` made it.
    init(status: Int, kept: JSONValue) {
        self.init(status: HTTPResponse.Status(code: status))
        for (name, value) in kept["headers"]?.object?.members ?? [] {
            if let name = HTTPField.Name(name) { headers[name] = value.string }
        }
        if let text = kept["body"]?.string, let type = kept["type"]?.string {
            body = .bytes(ByteBuffer(string: text), type: type)
        }
    }
}

extension Principal {
    /// Whose keys they are: two users of an organization never meet each other's.
    fileprivate var idempotencyOwner: UUID {
        switch kind {
        case .user(let id, _), .superadmin(let id, _): id.uuid
        case .apiKey(let id): id.uuid
        case .device(let id, _): id.uuid
        }
    }
}

extension HTTPField.Name {
    static let idempotencyKey = HTTPField.Name(staticName: "idempotency-key")
}

extension HTTPField.Name {
    /// - Precondition: the name is a token.
    init(staticName: String) {
        guard let name = HTTPField.Name(staticName) else { preconditionFailure("\(staticName) is no field name") }
        self = name
    }
}
