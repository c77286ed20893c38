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
}
