internal import CSystem
internal import Shared

/// One single mutation on its way from the request to the lane: nearly everything that clients send.
///
/// It makes no task: what is read is pushed with the others of this turn, and answered when Redis has confirmed them.
/// A request with an Idempotency-Key, or one that waits for its verdict, goes on in a task (`MutationHandler`).
final class Submission: RequestTaker, PushWaiter {
    private let api: API
    private let exchange: Exchange
    private let began: LoopInstant
    private var pushed: (receipt: Receipt, preferences: Preferences, reply: Reply)?

    init(_ exchange: Exchange, _ api: API, began: LoopInstant) {
        self.exchange = exchange
        self.api = api
        self.began = began
    }

    private var services: Services { api.services }

    func take(_ request: Request, _ reply: Reply) {
        let handler = MutationHandler(services: services)
        let intent: Intent
        do throws(Rejection) { intent = try handler.read(request, exchange) } catch {
            return send(exchange.answer(error.problem), reply)
        }
        guard let identity = exchange.identity else { preconditionFailure("a mutation without a user") }
        let preferences = exchange.preferences
        guard intent.key == nil, services.wait(preferences) == nil, services.lanes.gathers else {
            return reply.start { [api, exchange, began] in
                var response = await handler.respond(intent, preferences, exchange)
                api.finish(&response, exchange, began)
                return response
            }
        }
        let mutation = services.mint(intent, for: identity, traceparent: exchange.head[.traceparent])
        pushed = (Receipt(mutation), preferences, reply)
        services.lanes.push(mutation, telling: self)
    }

    func pushed(_ failure: PushFailure?) {
        guard let (receipt, preferences, reply) = pushed else { preconditionFailure("told of no push") }
        pushed = nil
        if let failure { return send(exchange.answer(failure.problem), reply) }
        services.metrics.accepted(receipt.operation)
        services.logAccepted(receipt, exchange.head.correlationID)
        var response = services.acceptances.response(receipt)
        preferences.addApplied(isWaited: false, to: &response)
        api.finish(&response, exchange, began)
        reply.send(response)
        services.acceptances.takeBack(&response)
    }

    private func send(_ response: Response, _ reply: Reply) {
        var response = response
        api.finish(&response, exchange, began)
        reply.send(response)
    }
}
