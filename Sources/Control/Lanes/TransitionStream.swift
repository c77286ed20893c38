internal import CSystem
import Shared

/// Follows lanes: what the done channel says of them, and who was parked since the last look.
final class TransitionStream {
    private let lanes: Lanes
    private let chosen: Set<Lane>
    private let subscription: RedisSubscription
    private let reader = JSONReader(depthMax: 32)
    /// Parked users with the time of their next try: a new time is a new failure.
    private var seen: [String: Int64] = [:]
    private var looked: Int64 = 0

    init(lanes: Lanes, chosen: [Lane], subscription: RedisSubscription) {
        self.lanes = lanes
        self.chosen = Set(chosen)
        self.subscription = subscription
    }

    /// Calls `body` for each transition until `isOver`.
    func follow(
        until isOver: () -> Bool, _ body: (Transition) throws(CommandFailure) -> Void
    ) throws(CommandFailure) {
        try subscribe()
        _ = try parkings()
        while !isOver() {
            if case .message(_, let payload)? = try next() {
                for transition in try results(payload) { try body(transition) }
            }
            guard tl_monotonic_nanos() - looked > 1_000_000_000 else { continue }
            for transition in try parkings() { try body(transition) }
        }
    }

    private func subscribe() throws(CommandFailure) {
        do throws(RedisError) {
            try subscription.subscribe([.bytes(DoneNotice.channel)])
        } catch { throw CommandFailure(error) }
    }

    private func next() throws(CommandFailure) -> RedisMessage? {
        do throws(RedisError) {
            return try subscription.next(within: .milliseconds(200))
        } catch { throw CommandFailure(error) }
    }

    /// The requests of chosen lanes that one message tells of; of which it tells no more than the id, Redis knows.
    private func results(_ payload: [UInt8]) throws(CommandFailure) -> [Transition] {
        var done: [(lane: Lane, id: UUID, text: [UInt8]?)] = []
        var lane: Lane?
        DoneNotice.read(payload.span) { part in
            switch part {
            case .lane(let named): lane = chosen.contains(named) ? named : nil
            case .done(let id): if let lane { done.append((lane, id, nil)) }
            case .resource(let id, let place): if let lane { done.append((lane, id, Array(payload[place]))) }
            }
        }
        let bare = done.indices.filter { done[$0].text == nil }
        let replies = try lanes.askAll(bare.map { lanes.keys[done[$0].lane.index].readResult(done[$0].id) })
        for (place, reply) in zip(bare, replies) { done[place].text = reply.bytes }
        let now = Lanes.now
        return done.map { request in
            var transition = Transition(at: now, request: request.id, lane: request.lane)
            if let text = request.text { transition.read(text, reader: reader) }
            return transition
        }
    }

    private func parkings() throws(CommandFailure) -> [Transition] {
        let isFirst = looked == 0
        looked = tl_monotonic_nanos()
        var found: [Transition] = []
        var present: [String: Int64] = [:]
        for reading in try lanes.readings(of: chosen.sorted()) {
            for parked in reading.parked {
                let user = String(decoding: parked.user, as: UTF8.self)
                present[user] = parked.due.micros
                guard !isFirst, seen[user] != parked.due.micros, let head = parked.head else { continue }
                let entry = Entry(head, reader: reader)
                var transition = Transition(at: Lanes.now, request: entry.id, lane: reading.lane)
                transition.state = "retrying"
                transition.user = user
                transition.operation = entry.mutation.map { "\($0.change.operation.qualifiedName)" }
                transition.task = entry.mutation?.task
                transition.error = AttemptRecord(parked.attempts, reader: reader).lastError
                found.append(transition)
            }
        }
        seen = present
        return found
    }
}

extension Transition {
    /// Takes what the request's resource says.
    fileprivate mutating func read(_ text: [UInt8], reader: JSONReader) {
        var copy = self
        do throws(JSONError) {
            _ = try reader.read(text.span) { (document) throws(Never) in copy.take(document) }
        } catch { return }
        self = copy
    }

    private mutating func take(_ document: borrowing JSONDocument) {
        let root = document.root
        func text(_ bytes: [UInt8]?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        state = text(document.bytes("status", of: root)) ?? state
        operation = text(document.bytes("operation", of: root))
        task = document.uuid("task_id", of: root)
        // `/api/<user>/tasks/<task>` is where the resource names the user.
        user = text(document.bytes("task_href", of: root)).flatMap { href in
            let parts = href.split(separator: "/")
            return parts.count == 4 ? String(parts[1]) : nil
        }
        if let finished = document.timestamp("finished_at", of: root),
            let submitted = document.timestamp("submitted_at", of: root)
        {
            tookSeconds = Double(finished.micros - submitted.micros) / 1e6
        }
        guard let place = document.member("result", of: root) ?? document.member("error", of: root) else {
            return
        }
        status = document.integer("status", of: place).map { Int($0) }
        code = text(document.bytes("code", of: place))
    }
}
