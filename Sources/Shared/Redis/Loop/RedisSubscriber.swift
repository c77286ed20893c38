/// The subscription of an event loop to a channel, renewed whenever the connection was lost. Confined to its loop.
package final class RedisSubscriber: RedisLinkOwner {
    private let loop: EventLoop
    private let link: RedisLink
    private let channel: [UInt8]
    private let received: (Span<UInt8>) -> Void
    private let subscribed: () -> Void
    private let lost: () -> Void
    private var isConfirmed = false
    private var timer: LoopTimer?
    /// True when nothing at all came since the last PING.
    private var isSilent = false
    private static let pingInterval: Duration = .seconds(5)

    /// - Parameters:
    ///   - received: called with the text of each message.
    ///   - subscribed: called when the channel is subscribed, the first time and after each loss: what was published in
    ///     between is gone, so look again.
    ///   - lost: called when messages may be missed from here on.
    package init(
        loop: EventLoop, url: RedisURL, options: RedisOptions, channel: [UInt8],
        received: @escaping (Span<UInt8>) -> Void, subscribed: @escaping () -> Void,
        lost: @escaping () -> Void
    ) {
        self.loop = loop
        self.channel = channel
        self.received = received
        self.subscribed = subscribed
        self.lost = lost
        link = RedisLink(loop: loop, url: url, options: options)
        link.owner = self
        link.start()
    }

    /// True while the channel is subscribed.
    package var isSubscribed: Bool { link.isOpen && isConfirmed }

    /// Closes for good.
    package func stop() {
        if let timer { loop.cancel(timer) }
        timer = nil
        link.stop()
    }

    func linkOpened() {
        isSilent = false
        var commands = RedisCommands()
        commands.append(["SUBSCRIBE", .bytes(channel)])
        link.send(commands.buffer.span)
        if link.isOpen { ping() }
    }

    func linkReceived(_ reply: RedisReply) {
        isSilent = false
        guard reply.refusal == nil else { return link.close(.malformed) }
        // What is told of many requests at once is long: it is read where it is.
        if reply.isMessage { return reply[2].withBytes(received) }
        // What else comes is the answer to PING.
        guard case .subscribed? = RedisMessage(reply) else { return }
        isConfirmed = true
        subscribed()
    }

    func linkClosed(_ error: RedisError) {
        isConfirmed = false
        lost()
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
