/// The kinds of problems that an answer may name, one for each page under `/problems/`.
enum ProblemType: CaseIterable, Sendable {
    case malformedRequest, invalidJSON, validationFailed, invalidParameter, invalidCursor, invalidSyncToken
    case invalidIdempotencyKey
    case unauthorized, forbidden
    case notFound, taskNotFound, requestNotFound
    case methodNotAllowed, requestTimeout, taskIDConflict, emailTaken, superseded, preconditionFailed
    case contentTooLarge, uriTooLong, unsupportedMediaType, idempotencyKeyReused
    case rateLimited, headersTooLarge
    case `internal`, operationDeadLettered, notImplemented
    case overloaded, notCaughtUp, storageUnavailable, draining

    /// The last part of its `type`, which is also its `code`.
    var slug: StaticString { facts.slug }
    /// The status that goes with it.
    var status: Int { facts.status }
    /// The same few words for every occurrence.
    var title: StaticString { facts.title }

    private var facts: (slug: StaticString, status: Int, title: StaticString) {
        switch self {
        case .malformedRequest: ("malformed-request", 400, "Malformed request")
        case .invalidJSON: ("invalid-json", 400, "The body is not valid JSON")
        case .validationFailed: ("validation-failed", 400, "The request breaks a rule")
        case .invalidParameter: ("invalid-parameter", 400, "Invalid parameter")
        case .invalidCursor: ("invalid-cursor", 400, "Invalid cursor")
        case .invalidSyncToken: ("invalid-sync-token", 400, "Invalid sync token")
        case .invalidIdempotencyKey: ("invalid-idempotency-key", 400, "Invalid idempotency key")
        case .unauthorized: ("unauthorized", 401, "Authentication required")
        case .forbidden: ("forbidden", 403, "Forbidden")
        case .notFound: ("not-found", 404, "Not found")
        case .taskNotFound: ("task-not-found", 404, "Task not found")
        case .requestNotFound: ("request-not-found", 404, "Request not found")
        case .methodNotAllowed: ("method-not-allowed", 405, "Method not allowed")
        case .requestTimeout: ("request-timeout", 408, "The request took too long")
        case .taskIDConflict: ("task-id-conflict", 409, "A task with this id exists")
        case .emailTaken: ("email-taken", 409, "The e-mail address has an account")
        case .superseded: ("superseded", 409, "A later change has overtaken this one")
        case .preconditionFailed: ("precondition-failed", 412, "Precondition failed")
        case .contentTooLarge: ("content-too-large", 413, "The body is too large")
        case .uriTooLong: ("uri-too-long", 414, "The request line is too long")
        case .unsupportedMediaType: ("unsupported-media-type", 415, "Unsupported media type")
        case .idempotencyKeyReused:
            ("idempotency-key-reused", 422, "Idempotency key used for another request")
        case .rateLimited: ("rate-limited", 429, "Too many requests")
        case .headersTooLarge: ("headers-too-large", 431, "The headers are too large")
        case .internal: ("internal", 500, "Internal error")
        case .operationDeadLettered: ("operation-dead-lettered", 500, "The operation could not be applied")
        case .notImplemented: ("not-implemented", 501, "Not implemented")
        case .overloaded: ("overloaded", 503, "Overloaded")
        case .notCaughtUp: ("not-caught-up", 503, "Not caught up")
        case .storageUnavailable: ("storage-unavailable", 503, "Storage unavailable")
        case .draining: ("draining", 503, "Shutting down")
        }
    }
}
