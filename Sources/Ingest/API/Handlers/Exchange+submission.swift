internal import Shared

/// The requests that are answered without a task: nearly everything that clients send.
///
/// A single mutation is pushed with the others of its turn, and answered when Redis has confirmed them, or when its
/// verdict is there. One with an Idempotency-Key goes on in a task (`MutationHandler`).
extension Exchange: RequestTaker, PushWaiter {
    func take(_ request: Request, _ reply: Reply) {
        if route.endpoint == .getRequest {
            return RequestsHandler(services: api.services).one(self, reply)
        }
        let handler = MutationHandler(services: api.services)
        let intent: Intent
        do throws(Rejection) { intent = try handler.read(request, self) } catch {
            return send(answer(error.problem), reply)
        }
        preferences = readPreferences()
        guard intent.key == nil, api.services.lanes.gathers else {
            return reply.start { [self, preferences] in
                var response = await handler.respond(intent, preferences, self)
                api.finish(&response, self)
                return response
            }
        }
        push(intent, handler, reply)
    }

    private func push(_ intent: Intent, _ handler: MutationHandler, _ reply: Reply) {
        let services = api.services
        guard let identity else { preconditionFailure("a mutation without a user") }
        let mutation = services.mint(intent, for: identity, traceparent: head[.traceparent])
        let receipt = Receipt(mutation)
        self.receipt = receipt
        self.reply = reply
        if let wait = services.wait(preferences) {
            poll = LongPoll(mutation.id, of: mutation.user, services: services, wait: wait, reply: reply) {
                [self] answer in
                var response = handler.verdict(answer, receipt, preferences, self)
                api.finish(&response, self)
                return response
            }
        }
        services.lanes.push(mutation, telling: self)
    }

    func pushed(_ failure: PushFailure?) {
        // Both set before the push.
        guard let reply, let receipt else { return }
        let poll = poll
        // It holds this exchange.
        self.poll = nil
        if let failure {
            poll?.end()
            return send(answer(failure.problem), reply)
        }
        let services = api.services
        services.metrics.accepted(receipt.operation)
        services.logAccepted(receipt, head.correlationID)
        if let poll { return poll.wait() }
        let acceptances = services.acceptances
        var response = acceptances.response(receipt)
        preferences.addApplied(isWaited: false, to: &response)
        api.finish(&response, self)
        reply.send(response)
        acceptances.takeBack(&response)
    }
}
