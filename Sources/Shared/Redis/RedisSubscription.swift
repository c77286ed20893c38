/// What a subscriber hears.
package enum RedisMessage: Sendable, Equatable {
    /// A channel is subscribed (again): what was published before may have been missed.
    case subscribed(channel: [UInt8])
    case message(channel: [UInt8], payload: [UInt8])

    /// Reads one of RESP2's push arrays; nil for what is none of ours (the answer to PING).
    init?(_ reply: RedisReply) {
        guard reply.count >= 3, let kind = reply[0].text, let channel = reply[1].bytes else { return nil }
        switch kind {
        case "message": self = .message(channel: channel, payload: reply[2].bytes ?? [])
        case "subscribe": self = .subscribed(channel: channel)
        default: return nil
        }
    }
}

extension RedisReply {
    /// True for a message of a channel: its name is element 1, its text 2.
    var isMessage: Bool { count == 3 && self[0].text == "message" && self[2].kind == .string }
}

/// A blocking subscriber of channels, on a connection of its own. One thread at a time.
package final class RedisSubscription {
    private let connection: RedisConnection
    private var isPingOpen = false

    /// Connects; nothing is heard before `subscribe`.
    package init(to url: RedisURL, options: RedisOptions) throws(RedisError) {
        connection = try RedisConnection(to: url, options: options)
    }

    /// Subscribes to channels; each is confirmed by a `.subscribed` message.
    package func subscribe(_ channels: [RedisArgument]) throws(RedisError) {
        try connection.sendUnanswered([["SUBSCRIBE"] + channels])
    }

    /// Ends subscriptions; what was published before it arrives may still come.
    package func unsubscribe(_ channels: [RedisArgument]) throws(RedisError) {
        try connection.sendUnanswered([["UNSUBSCRIBE"] + channels])
    }

    /// Waits at most `time` for a message, or until `alarm` rings; nil when none came.
    package func next(
        within time: Duration, interruptedBy alarm: Alarm? = nil
    ) throws(RedisError) -> RedisMessage? {
        let deadline = Deadline.after(time)
        repeat {
            guard let reply = try connection.nextMessage(until: deadline, interruptedBy: alarm) else {
                return nil
            }
            isPingOpen = false
            if let refusal = reply.refusal { throw .refused(refusal) }
            if let message = RedisMessage(reply) { return message }
        } while !deadline.hasPassed
        return nil
    }

    /// Asks the server for a sign of life, to be called now and then: a connection that has gone silent looks like
    /// one on which nothing happens. Throws when nothing at all came since the last call.
    package func ping() throws(RedisError) {
        guard !isPingOpen else {
            connection.close()
            throw .timeout(sent: true)
        }
        isPingOpen = true
        try connection.sendUnanswered([["PING"]])
    }
}
