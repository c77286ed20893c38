internal import Shared
internal import Synchronization

/// Keeps the ring's public keys fresh from a JWKS file or URL: every ten minutes, and when a token names a key that
/// is not there, but at most every thirty seconds and one fetch at a time. A source that fails leaves the keys of
/// before in use, for a day. Any thread; the reading is done on a thread of its own.
final class KeySource: Sendable {
    enum Place: Sendable {
        case file(String)
        case url(HTTPAddress)
    }

    static let maxAge: Duration = .seconds(600)
    static let retryInterval: Duration = .seconds(30)
    static let staleMax: Duration = .seconds(86_400)

    private struct State {
        var place: Place
        var lastSuccess: Timestamp?
        var lastAttempt: Timestamp?
        var isReading = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>
    private let ring: KeyRing
    private let log: Log
    private let threads: BlockingThreads<Void>

    init(_ place: Place, ring: KeyRing, log: Log) throws(SystemError) {
        state = Mutex(State(place: place))
        self.ring = ring
        self.log = log
        threads = try BlockingThreads(name: "jwks", count: 1, waitingMax: 4)
    }

    /// True when a reading is under way, or would be allowed.
    func mayHaveNews(now: Timestamp) -> Bool { state.withLock { $0.isReading || Self.mayRead($0, now) } }

    /// Reads the keys again, if that is allowed now, and returns when they are published or could not be had. Who
    /// comes while they are being read waits for the same reading.
    func refresh(now: Timestamp) async {
        await withCheckedContinuation { continuation in
            let starts = state.withLock { state -> Bool? in
                if state.isReading {
                    state.waiting.append(continuation)
                    return false
                }
                guard Self.mayRead(state, now) else { return nil }
                state.waiting.append(continuation)
                begin(&state, now)
                return true
            }
            guard let starts else { return continuation.resume() }
            if starts { read(now) }
        }
    }

    /// To be called every few seconds: reads what has become old, drops what has become too old.
    func keepFresh(now: Timestamp) {
        let (starts, isStale) = state.withLock { state in
            let age = state.lastSuccess.map { now - $0 }
            guard !state.isReading, age.map({ $0 >= Self.maxAge }) ?? true, Self.mayRead(state, now) else {
                return (false, false)
            }
            begin(&state, now)
            return (true, age.map { $0 >= Self.staleMax } ?? false)
        }
        if isStale {
            log.error(
                "the public keys are a day old and cannot be read again: no token of theirs is taken any more"
            )
            ring.update { $0.with(publicKeys: []) }
        }
        if starts { read(now) }
    }

    /// Reads from another place, or the same once more, from now on (SIGHUP), at once.
    func move(to place: Place, now: Timestamp) async {
        let wasReading = state.withLock { state in
            state.place = place
            state.lastAttempt = nil
            return state.isReading
        }
        await refresh(now: now)
        guard wasReading else { return }
        // What was under way may have read the old place.
        state.withLock { $0.lastAttempt = nil }
        await refresh(now: now)
    }

    private static func mayRead(_ state: State, _ now: Timestamp) -> Bool {
        guard let last = state.lastAttempt else { return true }
        // A clock that was set back must not stop refreshing for as long as it was off.
        return now < last || now - last >= retryInterval
    }

    private func begin(_ state: inout State, _ now: Timestamp) {
        state.isReading = true
        state.lastAttempt = now
    }

    private func read(_ now: Timestamp) {
        let isTaken = threads.submit { _ in self.finish(self.readNow(), now) }
        if !isTaken { finish(false, now) }
    }

    /// Blocks. True when the ring has the keys of the source.
    private func readNow() -> Bool {
        let place = state.withLock { $0.place }
        do throws(KeySourceError) {
            let (keys, skipped) = try KeySource.keys(at: place)
            ring.update { $0.with(publicKeys: keys) }
            log.info("public keys read", .integer("keys", keys.count), .integer("skipped", skipped))
            return true
        } catch {
            log.warn(
                "public keys could not be read: the ones of before stay in use",
                .text("error", error.description))
            return false
        }
    }

    private func finish(_ succeeded: Bool, _ now: Timestamp) {
        let waiting = state.withLock { state in
            state.isReading = false
            if succeeded { state.lastSuccess = now }
            let waiting = state.waiting
            state.waiting = []
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The keys at `place`. Blocks for as long as the fetch takes: for the start of the daemon, and the thread.
    static func keys(at place: Place) throws(KeySourceError) -> (keys: [IdentifiedKey], skipped: Int) {
        let text: [UInt8]
        switch place {
        case .file(let path):
            guard let bytes = TextFile.read(path) else { throw .unreadable(path) }
            text = bytes
        case .url(let address):
            do throws(FetchError) { text = try HTTPFetch.get(address) } catch { throw .fetch(error) }
        }
        do throws(JSONWebKeysError) { return try JSONWebKeys.read(text) } catch { throw .noKeySet }
    }
}

/// Why the public keys could not be had.
enum KeySourceError: Error, CustomStringConvertible {
    case unreadable(String)
    case fetch(FetchError)
    case noKeySet

    var description: String {
        switch self {
        case .unreadable(let path): "\(path) cannot be read: check the path and its permissions"
        case .fetch(let error): "\(error)"
        case .noKeySet: "no JWK Set: expected {\"keys\":[…]} with at most \(JSONWebKeys.keysMax) keys"
        }
    }
}
