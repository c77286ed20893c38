/// Limits of one connection, and whose it is.
package struct RedisOptions: Sendable {
    /// How long connecting, with TLS and login, may take.
    package var connectTimeout: Duration = .seconds(3)
    /// How long one flush, or the wait for one reply, may take.
    package var replyTimeout: Duration = .seconds(5)
    /// Who looks host names up for a connection on an event loop; without it the loop does, and waits.
    package var names: NameLookup?
    /// Told, on an event loop, why its connection does not serve, and nil when it does again.
    package var report: (@Sendable (RedisError?) -> Void)?
    /// What `CLIENT LIST` shows; letters, digits and `-`.
    package var name: String

    package init(name: String, connectTimeout: Duration = .seconds(3), replyTimeout: Duration = .seconds(5)) {
        self.name = name
        self.connectTimeout = connectTimeout
        self.replyTimeout = replyTimeout
    }
}

/// A connection for blocking code: append commands, flush them in one write, read the replies in order.
///
/// Every call has a time limit. After any error but `.refused` the connection is closed and stays so: make a new one.
/// One thread at a time.
@safe package final class RedisConnection {
    private var transport: RedisTransport?
    private let reader = RedisReader()
    private let options: RedisOptions
    /// Commands that wait for `flush`.
    package var commands = RedisCommands()
    /// How many commands were appended or flushed and have no reply yet.
    package private(set) var awaited = 0
    private var appended = 0

    /// Connects, logs in and selects the URL's database.
    package init(to url: RedisURL, options: RedisOptions) throws(RedisError) {
        self.options = options
        let deadline = Deadline.after(options.connectTimeout)
        transport = try RedisTransport.connect(to: url.address, until: deadline)
        for command in url.greeting(name: options.name) { append(command) }
        try flush(until: deadline)
        while awaited > 0 { _ = try readReply(until: deadline) }
    }

    /// False once an error has closed it.
    package var isOpen: Bool { transport != nil }

    /// Adds a command to those that the next flush sends.
    package func append(_ arguments: [RedisArgument]) {
        commands.append(arguments)
        awaited += 1
        appended += 1
    }

    /// Adds a command of `count` arguments, written by `body` straight into the buffer.
    package func append(count: Int, _ body: (inout RedisCommands) -> Void) {
        commands.begin(count)
        body(&commands)
        awaited += 1
        appended += 1
    }

    /// Sends what was appended. Reads replies that come meanwhile, so that neither side waits for the other.
    package func flush() throws(RedisError) { try flush(until: .after(options.replyTimeout)) }

    /// The next reply in the order of the commands; an error reply is thrown as `.refused`.
    package func readReply() throws(RedisError) -> RedisReply {
        try readReply(until: .after(options.replyTimeout))
    }

    /// Sends one command (and what was appended before it must have been read) and gives its reply.
    package func command(_ arguments: RedisArgument...) throws(RedisError) -> RedisReply {
        try command(arguments)
    }

    /// Sends one command and gives its reply.
    package func command(_ arguments: [RedisArgument]) throws(RedisError) -> RedisReply {
        precondition(awaited == 0, "replies of earlier commands are still to be read")
        append(arguments)
        try flush()
        return try readReply()
    }

    /// Closes at once; replies that are awaited never come.
    package func close() {
        transport = nil
        commands = RedisCommands()
        awaited = 0
        appended = 0
    }

    func flush(until deadline: Deadline) throws(RedisError) {
        guard transport != nil else { throw abandon(.disconnected(sent: false)) }
        let bytes = commands.buffer
        do throws(RedisError) {
            try transport?.send(bytes.span, into: reader, until: deadline)
        } catch { throw abandon(error) }
        commands.removeAll()
        appended = 0
    }

    func readReply(until deadline: Deadline) throws(RedisError) -> RedisReply {
        precondition(awaited > 0, "no reply is awaited")
        guard appended < awaited else { preconditionFailure("the command was not flushed") }
        guard let reply = try nextMessage(until: deadline) else { throw abandon(.timeout(sent: true)) }
        awaited -= 1
        if let refusal = reply.refusal { throw .refused(refusal) }
        return reply
    }

    /// The next thing that the server says, or nil at the deadline or a ring of `alarm`: then the connection stays open. For subscribers.
    func nextMessage(
        until deadline: Deadline, interruptedBy alarm: Alarm? = nil
    ) throws(RedisError) -> RedisReply? {
        while true {
            do throws(RedisError) {
                if let reply = try reader.next() { return reply }
                guard transport != nil else { throw .disconnected(sent: true) }
                try transport?.receive(into: reader, until: deadline, interruptedBy: alarm)
            } catch .timeout {
                return nil
            } catch { throw abandon(error) }
        }
    }

    /// Sends a command whose answer comes among a subscriber's messages.
    func sendUnanswered(_ commands: [[RedisArgument]]) throws(RedisError) {
        for command in commands { self.commands.append(command) }
        try flush()
    }

    private func abandon(_ error: RedisError) -> RedisError {
        close()
        return error
    }
}

extension RedisURL {
    /// The commands that a fresh connection begins with.
    func greeting(name: String) -> [[RedisArgument]] {
        var commands: [[RedisArgument]] = []
        if let password {
            commands.append(user.map { ["AUTH", .text($0), .text(password)] } ?? ["AUTH", .text(password)])
        }
        if database != 0 { commands.append(["SELECT", .number(database)]) }
        commands.append(["CLIENT", "SETNAME", .text(name)])
        return commands
    }
}
