/// Subscriptions of an event loop to sharded channels (SSUBSCRIBE), renewed whenever the connection was lost.
/// Confined to its loop.
package final class RedisSubscriber: RedisLinkOwner {
    private let loop: EventLoop
    private let link: RedisLink
    private let channels: [[UInt8]]
    private let received: (RedisMessage) -> Void
    private let subscribed: () -> Void
    private var unconfirmed = 0
    private var timer: LoopTimer?
    /// True when nothing at all came since the last PING.
    private var isSilent = false
    private static let pingInterval: Duration = .seconds(5)

    /// - Parameters:
    ///   - received: called with each message.
    ///   - subscribed: called when all channels are subscribed, the first time and after each loss: what was
    ///     published in between is gone, so look again.
    package init(
        loop: EventLoop, url: RedisURL, options: RedisOptions, channels: [[UInt8]],
        received: @escaping (RedisMessage) -> Void, subscribed: @escaping () -> Void
    ) {
        self.loop = loop
        self.channels = channels
        self.received = received
        self.subscribed = subscribed
        link = RedisLink(loop: loop, url: url, options: options)
        link.owner = self
        link.start()
    }

    /// True while every channel is subscribed.
    package var isSubscribed: Bool { link.isOpen && unconfirmed == 0 }

    /// Closes for good.
    package func stop() {
        if let timer { loop.cancel(timer) }
        timer = nil
        link.stop()
    }

    func linkOpened() {
        unconfirmed = channels.count
        isSilent = false
        var commands = RedisCommands()
        // One command for each: in a cluster a command may name the channels of one slot only.
        for channel in channels { commands.append(["SSUBSCRIBE", .bytes(channel)]) }
        link.send(commands.buffer.span)
        if link.isOpen { ping() }
    }

    func linkReceived(_ reply: RedisReply) {
        isSilent = false
        guard reply.refusal == nil else { return link.close(.malformed) }
        guard let message = RedisMessage(reply) else { return }
        guard case .subscribed = message else { return received(message) }
        unconfirmed -= 1
        if unconfirmed == 0 { subscribed() }
    }

    func linkClosed(_ error: RedisError) {
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    /// A connection that has gone silent looks like one on which nothing happens, so ask for a sign of life.
    private func ping() {
        timer = loop.schedule(at: loop.now + Self.pingInterval) { [weak self] in
            guard let self else { return }
            timer = nil
            guard !isSilent else { return link.close(.timeout(sent: true)) }
            isSilent = true
            var commands = RedisCommands()
            commands.append(["PING"])
            link.send(commands.buffer.span)
            if link.isOpen { ping() }
        }
    }
}
