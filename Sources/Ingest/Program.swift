internal import CSystem
internal import Shared

/// Runs ingest until SIGTERM; returns when the last connection is answered, or ends the process with status 1 where it
/// cannot start.
func runIngestMain() {
    let environment = Environment.process()
    let (configuration, faults) = Configuration.read(environment)
    let log = Log(level: configuration.logLevel, format: configuration.logFormat)
    // A blocked SIGPIPE never arrives: a write to a closed socket then gives EPIPE, which its writer handles.
    EventLoop.blockSignals([SIGTERM, SIGINT, SIGHUP, SIGPIPE])
    do throws(StartFailure) {
        let wiring = try Wiring(
            environment: environment, configuration: configuration, faults: faults, log: log)
        try wiring.run()
    } catch {
        for line in error.lines { log.error("cannot start", .text("why", line)) }
        exit(1)
    }
}

/// Why ingest does not start: one line for each thing that is wrong, with what to do.
struct StartFailure: Error {
    let lines: [String]

    init(_ lines: [String]) { self.lines = lines }

    init(_ line: String) { lines = [line] }
}
