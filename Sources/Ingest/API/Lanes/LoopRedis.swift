internal import Shared

/// Several commands in one write, their replies together. Confined to one loop.
struct LoopRedis {
    let pipeline: RedisPipeline
    let loop: EventLoop

    /// The replies of all commands, in order, with what the server refused among them. Throws where a reply is missing;
    /// `mayHaveRun` is then about the last command, whose effect is the one that counts.
    func send(_ commands: [[RedisArgument]]) async throws(RedisError) -> [Swift.Result<
        RedisReply, RedisError
    >] {
        guard pipeline.hasRoom(for: commands.count) else { throw .overloaded }
        var replies: [Swift.Result<RedisReply, RedisError>] = []
        replies.reserveCapacity(commands.count)
        let latch = Latch<[Swift.Result<RedisReply, RedisError>]>(on: loop)
        for command in commands {
            pipeline.send(command.count) { buffer in
                for argument in command { buffer.add(argument) }
            } _: { reply in
                replies.append(reply)
                if replies.count == commands.count { latch.fulfil(replies) }
            }
        }
        let all = await latch.value()
        if case .failure(let error)? = all.last {
            if case .refused = error { return all }
            throw error
        }
        return all
    }

    /// A command whose reply nobody needs.
    func sendUnanswered(_ command: [RedisArgument]) {
        pipeline.send(command.count, { buffer in for argument in command { buffer.add(argument) } }, nil)
    }

    /// `EnqueueCommand.push` written straight into the turn's buffer: the way of nearly every mutation. The lane's depth.
    func push(_ entry: [UInt8], keys: LaneKeys) async throws(RedisError) -> Int {
        pipeline.send(1, { $0.add("MULTI") }, nil)
        pipeline.send(
            3,
            {
                $0.add("RPUSH")
                $0.add(keys.queue)
                $0.add(entry)
            }, nil)
        pipeline.send(
            4,
            {
                $0.add("HINCRBY")
                $0.add(keys.count)
                $0.add("accepted")
                $0.add(Int64(1))
            }, nil)
        // What the server refuses of the transaction shows in its end.
        let reply = try await pipeline.call(1) { $0.add("EXEC") }
        guard reply.count == 2, let depth = reply[0].integer else { throw .malformed }
        return Int(depth)
    }
}
