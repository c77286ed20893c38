internal import Shared

/// The page behind a problem's `type`: what it means and what a client does about it. Fixed text only.
enum ProblemPage {
    static func html(_ type: ProblemType) -> [UInt8] {
        let text = """
            <!DOCTYPE html>
            <html lang="en">
            <head><meta charset="utf-8"><title>\(type.title) - Tasklane</title></head>
            <body>
            <h1>\(type.title)</h1>
            <p><code>\(type.slug)</code>, status \(type.status)</p>
            <p>\(meaning(type))</p>
            <p>\(remedy(type))</p>
            </body>
            </html>

            """
        return Array(text.utf8)
    }

    /// What it means, in one sentence.
    static func meaning(_ type: ProblemType) -> String {
        switch type {
        case .malformedRequest:
            "The bytes received are no request that HTTP/1.1 allows; the connection was closed."
        case .invalidJSON: "The body is not one JSON value of RFC 8259 in UTF-8, or is nested deeper than 16."
        case .validationFailed: "The content breaks a rule of the API; <code>errors</code> lists every fault."
        case .invalidParameter: "A parameter of the query, or a header, is unknown, repeated or malformed."
        case .invalidCursor: "The cursor was not given out for this user, filter and sort."
        case .invalidSyncToken: "The Sync-Token was not given to this user."
        case .invalidIdempotencyKey:
            "An Idempotency-Key has 1 to 255 visible ASCII characters, quoted or bare."
        case .unauthorized: "There is no token, or it is not valid."
        case .forbidden: "The token is good, but not for this."
        case .notFound: "There is no such route."
        case .taskNotFound: "The user has no such task."
        case .requestNotFound: "The user has no such request, or it is older than the retention."
        case .methodNotAllowed: "The path exists, but not with this method."
        case .requestTimeout: "The request did not arrive in time."
        case .taskIDConflict: "The user has a task with this id already."
        case .emailTaken: "The e-mail address has an account already, perhaps in other capitals."
        case .superseded: "A mutation that was sent off again was overtaken by a later change of its task."
        case .preconditionFailed:
            "The task's version was none of those in If-Match when the mutation was applied."
        case .contentTooLarge: "The body is larger than the route takes."
        case .uriTooLong: "The request line is longer than 8 KiB."
        case .unsupportedMediaType: "The body's Content-Type is not one that the route takes."
        case .idempotencyKeyReused: "The Idempotency-Key was used before for another request."
        case .rateLimited: "The user sends mutations faster than allowed."
        case .headersTooLarge: "There are too many headers, or they are too large."
        case .internal: "Something is wrong on our side."
        case .operationDeadLettered: "The mutation could not be applied and was set aside for an operator."
        case .notImplemented: "The method or the transfer coding is not known here."
        case .overloaded: "Too many mutations wait to be applied."
        case .notCaughtUp: "The mutation of the Sync-Token is not applied yet."
        case .storageUnavailable:
            "A store does not answer; <code>accepted</code> tells whether a mutation was queued."
        case .draining: "This process is shutting down."
        }
    }

    /// What a client does about it.
    static func remedy(_ type: ProblemType) -> String {
        switch type {
        case .rateLimited, .overloaded, .notCaughtUp, .storageUnavailable, .draining:
            "Wait as long as <code>Retry-After</code> says and send it again, with the same Idempotency-Key."
        case .internal, .requestTimeout: "Send it again, with the same Idempotency-Key."
        case .operationDeadLettered: "Do not send it again: an operator can. Ask with the request's id."
        case .preconditionFailed, .superseded: "Read the task again and decide anew."
        case .unauthorized: "Get a new token and send it as <code>Authorization: Bearer</code>."
        case .emailTaken: "Log in, or register with another address."
        case .idempotencyKeyReused: "Use a new key for a new request."
        case .invalidCursor: "Begin again at the first page."
        default: "Mend the request; sent again as it is, it fails again."
        }
    }
}
