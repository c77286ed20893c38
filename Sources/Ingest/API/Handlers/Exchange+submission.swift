internal import Shared

/// The requests that are answered without a task: nearly everything that clients send.
///
/// A single mutation is pushed with the others of its turn, and answered when Redis has confirmed them, or when its
/// verdict is there. One with an Idempotency-Key goes on in a task (`MutationHandler`).
extension Exchange: RequestTaker, PushWaiter {
    func take(_ request: Request, _ reply: Reply) {
        if route.endpoint == .getRequest {
            return RequestsHandler(services: services).one(self, reply)
        }
        if route.endpoint.isRead { return ReadHandler(services: services).take(self, reply) }
        let handler = MutationHandler(services: services)
        let intent: Intent
        do throws(Rejection) { intent = try handler.read(request, self) } catch {
            return send(answer(error.problem), reply)
        }
        preferences = readPreferences()
        guard intent.key == nil, services.lanes.gathers else {
            return reply.start { [self, preferences] in
                var response = await handler.respond(intent, preferences, self)
                api.finish(&response, self)
                return response
            }
        }
        push(intent, handler, reply)
    }

    private func push(_ intent: Intent, _ handler: MutationHandler, _ reply: Reply) {
        guard let identity, let lane else { preconditionFailure("a mutation without a user") }
        let receipt = services.accept(intent, from: identity)
        self.receipt = receipt
        if let wait = services.wait(preferences) {
            poll = LongPoll(receipt.id, of: identity.user, services: services, wait: wait, reply: reply) {
                [self] answer in
                var response = handler.verdict(answer, self)
                api.finish(&response, self)
                return response
            }
        }
        self.reply = reply
        services.lanes.push(to: lane, telling: self) { entry in
            Mutation.encode(
                id: receipt.idText, user: identity.user, task: receipt.taskText,
                acceptedAt: receipt.acceptedAt, change: intent.change,
                precondition: intent.condition?.precondition, traceID: traceID, email: identity.email,
                name: identity.name, to: &entry)
        }
    }

    func pushed(_ failure: PushFailure?) {
        // All set before the push. They hold this exchange, so they are taken out.
        guard let reply = reply.take(), let receipt, let identity else { return }
        let poll = poll.take()
        if let failure {
            poll?.end()
            return send(answer(failure.problem), reply)
        }
        services.noteAccepted(receipt, of: identity.user, head)
        if let poll { return poll.wait() }
        var response = services.acceptances.response(receipt, of: identity.user)
        preferences.addApplied(isWaited: false, to: &response)
        api.finish(&response, self)
        reply.send(response)
        services.acceptances.takeBack(&response)
    }
}
