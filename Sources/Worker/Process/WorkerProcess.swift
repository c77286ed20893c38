internal import CSystem
import Shared

/// One worker from its start to its end: waits for the stores, starts the threads, watches signals, ends in order.
struct WorkerProcess {
    let wiring: Wiring
    let signals: SignalWatch
    private var nextStatus = Timestamp(micros: 0)
    /// What had been applied when the last status was told.
    private var told = (applied: 0, at: Timestamp(micros: 0))
    private static let statusEvery: Duration = .seconds(5)

    init(wiring: Wiring, signals: SignalWatch) {
        self.wiring = wiring
        self.signals = signals
    }

    /// Runs until SIGTERM or SIGINT; gives the exit status.
    mutating func run() throws(SystemError) -> Int32 {
        guard waitForStores() else { return wiring.stop.isThrown ? 0 : 1 }
        let appliers = try wiring.startAppliers()
        let keeper = try wiring.startKeeper()
        let housekeeper = try wiring.startHousekeeper()
        let admin = try wiring.startAdmin()
        watch()
        wiring.notifier.stopping(status: "finishing the batch, releasing the lanes")
        wiring.report.log.info("stopping", .text("status", wiring.report.statusLine))
        wiring.board.stop()
        wiring.stop.throwSwitch()
        for applier in appliers { applier.join() }
        wiring.appliersEnded.ring()
        keeper.join()
        housekeeper.join()
        admin.stop()
        wiring.report.log.info("stopped")
        return 0
    }

    /// Settings read and checked, Redis given its copy. An outage is waited out; what waiting cannot mend ends the
    /// process with one line. False when it is to end.
    private func waitForStores() -> Bool {
        var backoff = Backoff.outage
        var random = SystemRandomNumberGenerator()
        while true {
            switch wiring.checkStores() {
            case nil: return true
            case .some(let error) where error.mayPass:
                wiring.report.log.warn("waiting for the stores", .text("error", "\(error)"))
                let signal = signals.next(within: min(backoff.next(&random), .seconds(3)))
                if signal == SIGTERM || signal == SIGINT {
                    wiring.stop.throwSwitch()
                    return false
                }
            case .some(let error):
                wiring.report.log.error("cannot start", .text("error", "\(error)"))
                return false
            }
        }
    }

    /// Until a signal ends it: status and watchdog by progress, SIGHUP reloads the log level.
    private mutating func watch() {
        var isReady = false
        let tick = min(
            wiring.notifier.watchdogInterval.map { $0 / 3 } ?? .milliseconds(500), .milliseconds(500))
        while true {
            switch signals.next(within: tick) {
            case SIGTERM, SIGINT: return
            case SIGHUP: reload()
            default: break
            }
            if !isReady && wiring.report.isReady {
                isReady = true
                wiring.notifier.ready(status: wiring.report.statusLine)
                wiring.report.log.info("ready", .text("status", wiring.report.statusLine))
            }
            // A worker that owns work and gets nowhere is not fed, and systemd starts it anew.
            if wiring.isAlive { wiring.notifier.watchdog() }
            let now = SystemClock.now()
            if isReady && now >= nextStatus && wiring.notifier.isHeard { tellStatus(now) }
        }
    }

    private mutating func tellStatus(_ now: Timestamp) {
        let applied = wiring.report.appliedCount
        let milliseconds = max(1, (now - told.at).milliseconds)
        wiring.notifier.status(
            wiring.statusLine(perSecond: Int(Int64(applied - told.applied) * 1000 / milliseconds)))
        told = (applied, now)
        nextStatus = now + WorkerProcess.statusEvery
    }

    private func reload() {
        wiring.notifier.reloading()
        let (fresh, faults) = Configuration.read(Environment.process())
        if faults.isEmpty {
            wiring.report.log.setLevel(fresh.logLevel)
        } else {
            wiring.report.log.error("not reloaded", .text("faults", faults.joined(separator: "; ")))
        }
        wiring.notifier.ready(status: wiring.report.statusLine)
    }
}

extension SchemaError {
    /// Whether waiting can mend it.
    fileprivate var mayPass: Bool {
        switch self {
        case .database(let error):
            switch error {
            case .server(let server): server.isFatal
            case .unreachable, .disconnected, .timeout, .overloaded: true
            }
        case .queue: true
        case .newer, .older, .lanes, .damaged, .foreignRedis: false
        }
    }
}
