internal import CSystem
import Shared

/// Redis: reachable, new enough, keeps what it was given, with the settings of this deployment.
struct RedisCheck {
    let session: Session
    let configuration: Configuration

    func run(_ findings: inout Findings) {
        do throws(CommandFailure) {
            let started = tl_monotonic_nanos()
            let redis = try session.redis(configuration)
            _ = try Lanes.ask(redis, "PING")
            let micros = Double(tl_monotonic_nanos() - started) / 1000
            findings.good("Redis", "answers in \(Readable.age(seconds: micros / 1e6)), connection included")
            let lanes = try Lanes(redis, configuration: configuration)
            let info = try fields(lanes, "INFO")
            checkVersion(info, &findings)
            try checkKeeping(lanes, info, &findings)
            checkWriting(lanes, &findings)
            try checkClock(lanes, &findings)
            try checkSettings(lanes, &findings)
        } catch {
            findings.bad("Redis", "does not serve", error.text)
        }
    }

    private func fields(_ lanes: Lanes, _ command: RedisArgument) throws(CommandFailure) -> [String: String] {
        let text = try lanes.ask(command).text ?? ""
        var fields: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { fields[String(parts[0])] = String(parts[1]) }
        }
        return fields
    }

    private func checkVersion(_ info: [String: String], _ findings: inout Findings) {
        let version = info["valkey_version"] ?? info["redis_version"] ?? "0"
        let major = version.split(separator: ".").first.flatMap { Int($0) } ?? 0
        if major >= 7 {
            findings.good("Redis", "version \(version)")
        } else {
            findings.bad("Redis", "version \(version) is too old", "install Redis 7.0 or later, or Valkey")
        }
        if info["role"] == "slave" {
            findings.bad("Redis", "this server is a replica", "let REDIS_URL name the primary")
        }
        if info["aof_last_write_status"] == "err" {
            findings.bad(
                "Redis", "the last write to its log failed", "free its disk; writes are refused meanwhile")
        }
        if let used = info["used_memory"].flatMap({ Int64($0) }),
            let most = info["maxmemory"].flatMap({ Int64($0) }),
            most > 0
        {
            let share = Double(used) / Double(most)
            let text = "uses \(Readable.bytes(used)) of \(Readable.bytes(most))"
            if share > 0.8 {
                findings.warn(
                    "Redis", text, "raise maxmemory before writes are refused, or find what queues up")
            } else {
                findings.good("Redis", text)
            }
        }
    }

    /// Whether the daemons may write: a list that is made and gone within one script, so that nothing stays.
    private func checkWriting(_ lanes: Lanes, _ findings: inout Findings) {
        let script =
            "redis.call('RPUSH', KEYS[1], '') redis.call('PUBLISH', KEYS[1], '') "
            + "return redis.call('DEL', KEYS[1])"
        do throws(RedisError) {
            _ = try lanes.redis.command("EVAL", .text(script), 1, "tl:{000}:doctor")
            findings.good("Redis", "takes writes")
        } catch {
            guard case .refused(let refusal) = error else {
                return findings.bad("Redis", "does not answer a write", "\(error)")
            }
            findings.bad("Redis", "refuses writes (\(refusal.message))", refusal.remedy ?? "see its log")
        }
    }

    /// Managed servers may forbid CONFIG; then nobody can tell.
    private func setting(_ lanes: Lanes, _ name: RedisArgument) -> String? {
        do throws(CommandFailure) {
            let reply = try lanes.ask("CONFIG", "GET", name)
            return reply.count >= 2 ? reply[1].text : nil
        } catch { return nil }
    }

    private func checkKeeping(
        _ lanes: Lanes, _ info: [String: String], _ findings: inout Findings
    ) throws(CommandFailure) {
        guard let policy = setting(lanes, "maxmemory-policy") else {
            return findings.warn(
                "Redis", "CONFIG is not allowed, so persistence cannot be checked",
                "see to appendonly yes, appendfsync always, maxmemory-policy noeviction")
        }
        if policy == "noeviction" {
            findings.good("Redis", "evicts nothing")
        } else {
            findings.bad(
                "Redis", "maxmemory-policy is \(policy): a full server would throw queued mutations away",
                "redis-cli CONFIG SET maxmemory-policy noeviction, and in redis.conf")
        }
        if setting(lanes, "lazyfree-lazy-expire") == "no" {
            findings.warn(
                "Redis", "lazyfree-lazy-expire is no: a busy lane's results hold Redis up when they end",
                "redis-cli CONFIG SET lazyfree-lazy-expire yes, and in redis.conf")
        } else {
            findings.good("Redis", "frees what expires aside")
        }
        let sync = setting(lanes, "appendfsync") ?? ""
        switch (setting(lanes, "appendonly"), sync) {
        case ("yes", "always"): findings.good("Redis", "a 202 survives power loss (appendfsync always)")
        case ("yes", _):
            findings.warn(
                "Redis", "appendfsync is \(sync): power loss takes up to the last seconds of 202s",
                "redis-cli CONFIG SET appendfsync always")
        default:
            findings.bad(
                "Redis", "appendonly is off: a restart of Redis loses what is queued",
                "redis-cli CONFIG SET appendonly yes, and appendonly yes, appendfsync always in redis.conf")
        }
    }

    private func checkClock(_ lanes: Lanes, _ findings: inout Findings) throws(CommandFailure) {
        let time = try lanes.ask("TIME")
        let micros = (Int64(time[0].text ?? "") ?? 0) * 1_000_000 + (Int64(time[1].text ?? "") ?? 0)
        let skew = abs(Double(Lanes.now.micros - micros)) / 1e6
        if skew > 1 {
            findings.warn(
                "clock", "this host and Redis differ by \(Readable.age(seconds: skew))",
                "run chrony or systemd-timesyncd on both: request ids and token times come from clocks")
        } else {
            findings.good("clock", "agrees with Redis")
        }
    }

    private func checkSettings(_ lanes: Lanes, _ findings: inout Findings) throws(CommandFailure) {
        let stored = try lanes.ask("HGET", .bytes(LaneKeys.meta), "lanes").text
        if stored == nil {
            findings.warn("Redis", "holds no settings (never migrated, or flushed)", "run tasklane migrate")
        } else if stored != "\(configuration.lanes)" {
            findings.bad(
                "Redis", "holds \(stored ?? "") lanes, TASKLANE_LANES is \(configuration.lanes)",
                "set TASKLANE_LANES=\(stored ?? ""), or run tasklane relane")
        }
        let all = try lanes.workers(try lanes.readings())
        let workers = all.count { !$0.isSilent }
        for worker in all where worker.isCutOff {
            findings.bad(
                "workers", "\(worker.id) does not reach PostgreSQL",
                "check DATABASE_URL of that process, and the way from there")
        }
        if workers == 0 {
            findings.warn("workers", "none is alive", "systemctl start tasklane-worker@1")
        } else {
            findings.good("workers", "\(workers) alive")
        }
    }
}
