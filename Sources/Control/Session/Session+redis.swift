import Shared

extension CommandFailure {
    /// What a failed call to Redis is to an operator.
    init(_ error: RedisError) {
        if case .refused(let refusal) = error, let remedy = refusal.remedy {
            self = .failed("\(error): \(remedy)")
        } else {
            self = .failed(
                "\(error): check REDIS_URL (tasklane config) and that Redis runs (tasklane doctor)")
        }
    }
}

extension Session {
    /// A connection of the command's own.
    func redis(_ configuration: Configuration) throws(CommandFailure) -> RedisConnection {
        do throws(RedisError) {
            return try RedisConnection(
                to: try redisURL(configuration), options: RedisOptions(name: "tasklane"))
        } catch { throw CommandFailure(error) }
    }

    /// A subscriber of the command's own.
    func subscription(_ configuration: Configuration) throws(CommandFailure) -> RedisSubscription {
        do throws(RedisError) {
            return try RedisSubscription(
                to: try redisURL(configuration), options: RedisOptions(name: "tasklane-tail"))
        } catch { throw CommandFailure(error) }
    }

    /// All lanes of the deployment that the settings name.
    func lanes() throws(CommandFailure) -> Lanes {
        let configuration = try configuration()
        return try Lanes(try redis(configuration), configuration: configuration)
    }

    private func redisURL(_ configuration: Configuration) throws(RedisError) -> RedisURL {
        guard let url = RedisURL(configuration.redisURL) else {
            throw .unreachable("REDIS_URL is no URL of Redis")
        }
        return url
    }
}
