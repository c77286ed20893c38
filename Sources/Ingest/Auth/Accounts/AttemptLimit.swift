internal import Shared
internal import Synchronization

/// How often somebody may try, for each e-mail address or client: some at once, then one for each interval. Shared by
/// all loops; bounded. (The generic cell rate algorithm: one number for each key.)
final class AttemptLimit: Sendable {
    private let burst: Int64
    private let intervalMicros: Int64
    private let keysMax: Int
    /// When the key would be as if nobody had tried.
    private let clearAt = Mutex<[[UInt8]: Int64]>([:])

    init(burst: Int, interval: Duration, keysMax: Int = 50_000) {
        self.burst = Int64(burst)
        intervalMicros = interval.microseconds
        self.keysMax = keysMax
    }

    /// Counts an attempt; gives how long to wait when there have been too many. A refused attempt does not count.
    func take(_ key: [UInt8], now: Timestamp) -> Duration? {
        clearAt.withLock { times in
            if times[key] == nil, times.count >= keysMax {
                times = times.filter { $0.value > now.micros }
            }
            // When somebody fills the table, all who are new share one place: that fails closed, and stays bounded.
            let place = times[key] == nil && times.count >= keysMax ? [] : key
            let next = max(times[place] ?? 0, now.micros) + intervalMicros
            let wait = next - now.micros - burst * intervalMicros
            guard wait <= 0 else { return .microseconds(wait) }
            times[place] = next
            return nil
        }
    }

    /// Forgets the attempts of a key: it was the right one.
    func forgive(_ key: [UInt8]) { clearAt.withLock { $0[key] = nil } }
}
