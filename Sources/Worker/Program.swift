internal import CSystem
import Shared

/// Runs the program; returns its exit status by ending the process.
func runWorkerMain() {
    let environment = Environment.process()
    let (configuration, faults) = Configuration.read(environment)
    var all = faults
    let redis = RedisURL(configuration.redisURL)
    if redis == nil {
        all.append("REDIS_URL is no Redis URL: write redis://host:port, rediss://… or unix:///path")
    }
    let admin = ListenAddress(configuration.workerAdminListen)
    if admin == nil {
        all.append("TASKLANE_WORKER_ADMIN_LISTEN is no address: write ADDRESS:PORT or unix:/path")
    }
    guard all.isEmpty, let redis, let admin else { die("\(ConfigurationFaults(all))") }
    let signals = SignalWatch([SIGTERM, SIGINT, SIGHUP])
    let wiring = Wiring(configuration: configuration, redis: redis, admin: admin, environment: environment)
    var process = WorkerProcess(wiring: wiring, signals: signals)
    do throws(SystemError) {
        exit(try process.run())
    } catch { die("cannot start: \(error)") }
}

/// Says what is wrong on standard error and ends with status 1.
private func die(_ message: String) -> Never {
    let line = Array("tasklane-worker: \(message)\n".utf8)
    _ = unsafe write(STDERR_FILENO, line, line.count)
    exit(1)
}
