internal import Shared

/// Follows one request until it is done or the client's wait is over, then answers.
///
/// It makes no task while it waits, so that a held connection costs little, and asks for the stored result alone: a
/// young request that has none is not done. Where that is no proof, after a quarter of a second and then every five,
/// and before it gives up, a task looks at the lane and in PostgreSQL as well.
final class LongPoll: WaiterBell, ReplyWatcher {
    private let id: UUID
    private let user: UserID
    private let services: Services
    private let reply: Reply
    /// Makes the response; of nil where neither store can say.
    private let respond: (RequestStates.Answer?) -> Response
    private var deadline: LoopInstant
    private var waiter: Waiters.Waiter?
    private var timer: LoopTimer?
    /// No time to act on the bell: a look is under way, or the mutation that is followed is not pushed yet.
    private var isBusy = true
    /// The bell rang meanwhile.
    private var isRung = false
    /// The bell was the reason for this look: a result that is not in Redis must be in PostgreSQL.
    private var isTold = false
    private var isOver = false

    /// When a task looks at everything, in nanoseconds: soon the first time, as nobody is to wait for a request that is
    /// not accounted for; then as the net under lost messages.
    private static let firstRecheck: Int64 = 250_000_000
    private static let recheck: Int64 = 5_000_000_000
    private var untilRecheck = firstRecheck

    /// - Parameter wait: how long to wait; nil for a look at once.
    init(
        _ id: UUID, of user: UserID, services: Services, wait: Duration?, reply: Reply,
        _ respond: @escaping (RequestStates.Answer?) -> Response
    ) {
        self.id = id
        self.user = user
        self.services = services
        self.reply = reply
        self.respond = respond
        deadline = services.loop.now
        guard let wait, !services.isDraining else { return }
        deadline = deadline.advanced(nanoseconds: wait.nanoseconds)
        // Before the first look, which then cannot miss what comes later.
        waiter = services.waiters.enter(id, telling: self)
        reply.watch(self)
    }

    /// Looks, then waits; where a look would find nothing, only waits.
    func begin() {
        if waiter != nil, services.waiters.wouldHaveHeard(of: id) { return wait() }
        isRung = services.waiters.hasHeard(of: id)
        look()
    }

    private func look() {
        guard !isOver else { return }
        isBusy = true
        isTold = isRung
        isRung = false
        guard services.states.isYoung(id) else { return lookEverywhere() }
        services.lanes.readResult(of: id, user) { [self] outcome in looked(outcome) }
    }

    private func looked(_ outcome: Swift.Result<[UInt8]?, RedisError>) {
        guard !isOver else { return }
        switch outcome {
        case .success(let text?) where !RequestStates.isRetry(text): finish(.stored(text))
        case .success: if isTold { lookEverywhere() } else { goOn() }
        case .failure:
            deadline = services.loop.now
            lookEverywhere()
        }
    }

    /// Waits for the bell; nothing is known yet.
    func wait() {
        guard !isOver, timer == nil else { return }
        if isRung { return look() }
        isBusy = false
        let time = min(deadline, services.loop.now.advanced(nanoseconds: untilRecheck))
        timer = services.loop.schedule(at: time) { [self] in
            timer = nil
            isBusy = true
            untilRecheck = LongPoll.recheck
            lookEverywhere()
        }
    }

    private func goOn() {
        if isPastDeadline { lookEverywhere() } else { wait() }
    }

    private var isPastDeadline: Bool { services.isDraining || services.loop.now >= deadline }

    private func lookEverywhere() {
        let isLast = isPastDeadline
        _ = services.loop.start { [self] in
            var answer: RequestStates.Answer?
            do throws(RequestStates.Unavailable) {
                answer = try await services.states.look([id], of: user)[0]
            } catch { return finish(nil) }
            guard !isOver else { return }
            if isLast || answer?.isDone() == true { finish(answer) } else { goOn() }
        }
    }

    private func finish(_ answer: RequestStates.Answer?) {
        guard !isOver else { return }
        end()
        reply.send(respond(answer))
    }

    /// Forgets everything; nobody is answered.
    func end() {
        isOver = true
        if let timer { services.loop.cancel(timer) }
        timer = nil
        if let waiter { services.waiters.leave(waiter) }
        waiter = nil
    }

    // MARK: What happens meanwhile

    func rung(_ resource: [UInt8]?) {
        isRung = true
        guard !isBusy else { return }
        if let timer { services.loop.cancel(timer) }
        timer = nil
        if let resource { finish(.stored(resource)) } else { look() }
    }

    /// The client has said all it will, and may be gone: it gets what there is.
    func peerClosed() {
        deadline = services.loop.now
        rung(nil)
    }

    func cutOff() { end() }
}
