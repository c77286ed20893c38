internal import Shared

/// A single mutation on its way from the request to the lane: nearly everything that clients send.
///
/// It makes no task: what is read is pushed with the others of this turn, and answered when Redis has confirmed them.
/// A request with an Idempotency-Key, or one that waits for its verdict, goes on in a task (`MutationHandler`).
extension Exchange: RequestTaker, PushWaiter {
    func take(_ request: Request, _ reply: Reply) {
        let services = api.services
        let handler = MutationHandler(services: services)
        let intent: Intent
        do throws(Rejection) { intent = try handler.read(request, self) } catch {
            return send(answer(error.problem), reply)
        }
        guard let identity else { preconditionFailure("a mutation without a user") }
        preferences = readPreferences()
        guard intent.key == nil, services.wait(preferences) == nil, services.lanes.gathers else {
            return reply.start { [self, preferences] in
                var response = await handler.respond(intent, preferences, self)
                api.finish(&response, self)
                return response
            }
        }
        let mutation = services.mint(intent, for: identity, traceparent: head[.traceparent])
        receipt = Receipt(mutation)
        self.reply = reply
        services.lanes.push(mutation, telling: self)
    }

    func pushed(_ failure: PushFailure?) {
        guard let reply else { preconditionFailure("told of no push") }
        if let failure { return send(answer(failure.problem), reply) }
        accepted(reply)
    }

    private func accepted(_ reply: Reply) {
        let services = api.services
        // Set before the push.
        guard let receipt else { return }
        services.metrics.accepted(receipt.operation)
        services.logAccepted(receipt, head.correlationID)
        let acceptances = services.acceptances
        var response = acceptances.response(receipt)
        preferences.addApplied(isWaited: false, to: &response)
        api.finish(&response, self)
        reply.send(response)
        acceptances.takeBack(&response)
    }

    private func send(_ response: Response, _ reply: Reply) {
        var response = response
        api.finish(&response, self)
        reply.send(response)
    }
}
