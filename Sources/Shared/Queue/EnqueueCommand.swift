/// What ingest sends to accept mutations of one lane, and how it reads the answer: bytes only, no connection.
///
/// Send all `commands` in one write. The reply of the **last** is the answer for `outcome(of:)`; those before it need
/// only be read away, since an error in them shows in the last.
package struct EnqueueCommand: Sendable {
    package let commands: [[RedisArgument]]
    private let pushed: Int
    private let lines: [EnqueueLine]

    /// How long an Idempotency-Key is kept at least (API.md §4).
    package static let keyLifetimeMin: Duration = .seconds(86400)

    /// Pushes entries in order, counts them and rings.
    ///
    /// A transaction, so that the counter and the list cannot part, wherever a process dies (measured: 3.5 µs of
    /// Redis against 2.2 µs for the two commands alone, and 6.2 µs for a script).
    package static func push(_ entries: [[UInt8]], keys: LaneKeys) -> EnqueueCommand {
        precondition(!entries.isEmpty, "nothing to push")
        return EnqueueCommand(
            commands: [
                ["MULTI"], ["RPUSH", .bytes(keys.queue)] + entries.map { .bytes($0) },
                ["HINCRBY", .bytes(keys.count), "accepted", .number(entries.count)], Bell.ring([keys]),
                ["EXEC"],
            ], pushed: entries.count, lines: [])
    }

    /// Pushes what is new among lines of which some carry an Idempotency-Key. The connection must have loaded
    /// `LaneScript.enqueue`; NOSCRIPT means that nothing was done.
    ///
    /// - Parameters:
    ///   - lifetime: how long a key is kept, in whole seconds; at least `keyLifetimeMin`.
    ///   - lenient: a key reused with another fingerprint refuses its own line only, instead of all.
    package static func once(
        _ lines: [EnqueueLine], of user: UserID, keys: LaneKeys, lifetime: Duration, lenient: Bool = false
    ) -> EnqueueCommand {
        precondition(!lines.isEmpty, "nothing to push")
        precondition(lifetime >= keyLifetimeMin, "a key must outlive a day")
        let names = lines.compactMap { $0.key }.map {
            RedisArgument.bytes(keys.idempotency(user, key: $0.name))
        }
        var command: [RedisArgument] = [
            "EVALSHA", .bytes(LaneScript.enqueue.digest), .number(2 + names.count), .bytes(keys.queue),
            .bytes(keys.count),
        ]
        command += names
        command.append(.integer(lifetime.components.seconds))
        command.append(lenient ? "lenient" : "strict")
        for line in lines {
            command.append(line.key == nil ? 0 : 1)
            command.append(.bytes(line.id.text))
            command.append(.bytes(line.key?.fingerprint ?? []))
            command.append(.bytes(line.entry))
        }
        return EnqueueCommand(commands: [command], pushed: 0, lines: lines)
    }

    /// Reads the last command's reply. Throws what the server refused with: then nothing was pushed.
    package func outcome(of reply: RedisReply) throws(QueueError) -> EnqueueOutcome {
        if let refusal = reply.refusal { throw QueueError(.refused(refusal)) }
        guard lines.isEmpty else { return try outcomeOfScript(reply) }
        guard reply.count == 3, let depth = reply[0].integer else { throw .unexpectedReply }
        return EnqueueOutcome(pushed: pushed, depth: Int(depth), lines: [])
    }

    private func outcomeOfScript(_ reply: RedisReply) throws(QueueError) -> EnqueueOutcome {
        guard reply.count == 2 + lines.count, let pushed = reply[0].integer, let depth = reply[1].integer
        else { throw .unexpectedReply }
        var outcomes: [EnqueueOutcome.Line] = []
        outcomes.reserveCapacity(lines.count)
        for (place, line) in lines.enumerated() {
            let stored = reply[2 + place].bytes ?? []
            if stored.isEmpty {
                outcomes.append(.new)
                continue
            }
            guard let id = UUID(Array(stored.prefix(UUID.textCount))) else { throw .unexpectedReply }
            let isSame = stored.dropFirst(UUID.textCount) == (line.key?.fingerprint ?? [])[...]
            outcomes.append(isSame ? .replayed(id) : .reused(id))
        }
        return EnqueueOutcome(pushed: Int(pushed), depth: Int(depth), lines: outcomes)
    }
}

/// One mutation that may carry an Idempotency-Key.
package struct EnqueueLine: Sendable {
    /// An Idempotency-Key and what it was first used for.
    package struct Key: Sendable {
        package let name: [UInt8]
        package let fingerprint: [UInt8]

        package init(name: [UInt8], fingerprint: [UInt8]) {
            self.name = name
            self.fingerprint = fingerprint
        }
    }

    package let id: UUID
    package let entry: [UInt8]
    package let key: Key?

    package init(id: UUID, entry: [UInt8], key: Key? = nil) {
        self.id = id
        self.entry = entry
        self.key = key
    }
}

/// What an enqueue came to.
package struct EnqueueOutcome: Equatable, Sendable {
    package enum Line: Equatable, Sendable {
        /// Its key, if it has one, was not known. Pushed, unless another line's reused key refused all.
        case new
        /// The same request came before, under this id; nothing was pushed for it.
        case replayed(UUID)
        /// The key stands for another request; nothing was pushed for it.
        case reused(UUID)
    }

    /// Entries that were added.
    package let pushed: Int
    /// Entries that the lane holds now; 0 where nothing was pushed.
    package let depth: Int
    /// One for each line of `once`; none for `push`.
    package let lines: [Line]

    package init(pushed: Int, depth: Int, lines: [Line]) {
        self.pushed = pushed
        self.depth = depth
        self.lines = lines
    }
}
