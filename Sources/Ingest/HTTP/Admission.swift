/// What a handler decides from a request's head alone, before the body is read.
enum Admission {
    /// Read the body, of so many bytes at most (else 413), then ask `respond` for the answer.
    ///
    /// `respond` runs as a task on the loop. The task is cancelled when the client shuts its side: waits end
    /// then; what has begun goes on, and the answer is still sent, in case only one direction was shut.
    case serve(bodyBytesMax: Int, respond: (Request) async -> Response)
    /// The same without a task: for what needs no wait, or knows how to be told when one is over.
    case take(bodyBytesMax: Int, by: any RequestTaker)
    /// The answer is known: route, method, authentication, media type. The body is not read.
    case answer(Response)
    /// The decision takes a wait, such as for a key that must be fetched.
    case ask(() async -> Admission)
}

/// Answers one request without a task of its own.
protocol RequestTaker: AnyObject {
    /// The body is there. Calls one method of `reply`, once, now or later.
    func take(_ request: Request, _ reply: Reply)
}

/// What a server serves. Confined to one loop; there is one for each loop.
protocol RequestHandler: AnyObject {
    /// Called as soon as a head is there, before `100 Continue` is sent. Only the head may be looked at.
    func admit(_ head: RequestHead) -> Admission
    /// The server itself refused something: malformed, too large, too slow. For counting.
    func refused(_ type: ProblemType)
    /// Adds what all answers of this handler have to one that the server made itself, of a head that it had.
    func complete(_ response: inout Response, _ head: RequestHead)
}

extension RequestHandler {
    func refused(_ type: ProblemType) {}
    func complete(_ response: inout Response, _ head: RequestHead) {}
}
