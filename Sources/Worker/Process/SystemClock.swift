internal import CSystem
import Shared

/// The machine's wall clock.
enum SystemClock {
    static func now() -> Timestamp { Timestamp(micros: tl_now_micros()) }
}
