internal import CSystem
import Shared
internal import Synchronization

/// Redrives on a thread of its own, because a queue's calls are `async`; whoever started it watches and may stop it.
final class RedriveRun: Sendable {
    /// How far it is.
    struct Progress: Sendable {
        var done = 0
        var redriven = 0
        var already = 0
        /// Left alone, because a later change has overtaken them: the ids.
        var superseded: [UUID] = []
        /// Dropped or not there: the ids.
        var notWaiting: [UUID] = []
        /// Marked, and the push is in doubt: a worker's sweep finishes them.
        var unfinished = 0
        var fault: String?
        var isOver = false
    }

    /// What a run needs to know.
    struct Order: Sendable {
        let ids: [UUID]
        let force: Bool
        /// At most so many a second.
        let rate: Int?

        /// Letters in one go: a tenth of a second's at most.
        var chunk: Int { max(1, min(DeadLetters.redriveMax, (rate ?? .max) / 10)) }
    }

    private let state = Mutex(Progress())
    private let stopped = Mutex(false)

    var progress: Progress { state.withLock { $0 } }

    /// No further ones are begun; those under way are finished.
    func stop() { stopped.withLock { $0 = true } }

    private var isStopped: Bool { stopped.withLock { $0 } }

    /// Starts; `join` the executor at the end.
    func start(_ order: Order, _ configuration: Configuration) throws(CommandFailure) -> ThreadExecutor {
        guard let url = RedisURL(configuration.redisURL) else {
            throw .failed("REDIS_URL is no URL of Redis")
        }
        do throws(SystemError) {
            return try ThreadExecutor(name: "redrive") { [self] in
                await run(order, configuration, url)
                state.withLock { $0.isOver = true }
            }
        } catch { throw .failed("cannot start a thread: \(error)") }
    }

    private func run(_ order: Order, _ configuration: Configuration, _ url: RedisURL) async {
        do throws(CommandFailure) {
            let session = Session.forThread()
            let postgres = try session.postgres(configuration)
            let lanes: Int
            do throws(SchemaError) { lanes = try Settings.read(postgres).lanes } catch {
                throw CommandFailure(error)
            }
            let letters = DeadLetters(postgres, lanes: lanes)
            let queue = RedisQueue(
                url: url, options: RedisOptions(name: "tasklane"), lanes: lanes,
                resultLifetime: configuration.resultTTL)
            let started = tl_monotonic_nanos()
            for place in stride(from: 0, to: order.ids.count, by: order.chunk) {
                if let rate = order.rate {
                    pause(until: started + Int64(place) * 1_000_000_000 / Int64(rate))
                }
                if isStopped { return }
                let ids = Array(order.ids[place...].prefix(order.chunk))
                let outcomes: [DeadLetters.Redrive]
                do throws(PostgresError) {
                    outcomes = try await letters.redrive(
                        ids, force: order.force, by: Actor.current, to: queue)
                } catch { throw CommandFailure(error) }
                state.withLock { for (id, outcome) in zip(ids, outcomes) { $0.note(outcome, id) } }
            }
        } catch {
            state.withLock { $0.fault = error.text }
        }
    }

    private func pause(until nanos: Int64) {
        while !isStopped {
            let left = nanos - tl_monotonic_nanos()
            if left <= 0 { return }
            usleep(UInt32(min(left / 1000 + 1, 50_000)))
        }
    }
}

extension RedriveRun.Progress {
    fileprivate mutating func note(_ outcome: DeadLetters.Redrive, _ id: UUID) {
        done += 1
        switch outcome {
        case .pushed: redriven += 1
        case .already: already += 1
        case .superseded: superseded.append(id)
        case .notWaiting: notWaiting.append(id)
        case .unfinished: unfinished += 1
        }
    }
}
