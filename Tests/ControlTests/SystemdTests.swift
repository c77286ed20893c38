import CSystem
import Foundation
import Support
import Synchronization
import Testing

/// The test plays systemd: it hears the notify protocol, restarts what falls silent, and holds the socket.
@Suite(.serialized) struct `Under systemd (EndToEnd)` {
    @Test func `a worker that is kept from settling falls silent, and its successor goes on`() throws {
        let deployment = try Deployment(workers: 0)
        let socket = try NotifySocket()
        let settings = ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "2000000"]
        let worker = try deployment.start(
            "tasklane-worker",
            settings: settings.merging(["TASKLANE_WORKER_ADMIN_LISTEN": "127.0.0.1:\(Deployment.freePort())"])
            { $1 })
        #expect(socket.waitFor("READY=1", seconds: 20), "\(worker.log)")
        #expect(socket.waitFor("WATCHDOG=1", seconds: 5))
        #expect(socket.waitFor("STATUS=", seconds: 10))

        let answer = try HTTPClient(port: deployment.port).send(
            "POST", "/api/u1/tasks", token: deployment.token("u1"), body: #"{"title":"a"}"#)
        #expect(answer.status == 202)
        deployment.redis.signal(SIGSTOP)
        var silence = 0.0
        while silence < 2, socket.next(seconds: 2) != nil { silence = 0 }
        // Nothing for as long as WatchdogSec=: systemd ends it and starts it anew.
        worker.killHard()
        deployment.redis.signal(SIGCONT)

        try deployment.startWorker()
        try deployment.tasklane("drain", "--timeout", "30s")
        let list = try HTTPClient(port: deployment.port).send(
            "GET", "/api/u1/tasks", token: deployment.token("u1"))
        #expect(list.text.contains(#""title":"a""#))
    }

    @Test func `ingest tells that it is ready, reloads and stops`() throws {
        let deployment = try Deployment(workers: 0, ingest: false)
        let socket = try NotifySocket()
        let ingest = try deployment.startIngest(
            settings: ["NOTIFY_SOCKET": socket.path, "WATCHDOG_USEC": "2000000"])
        #expect(socket.waitFor("READY=1", seconds: 20), "\(ingest.log)")
        #expect(socket.waitFor("WATCHDOG=1", seconds: 5))
        ingest.signal(SIGTERM)
        #expect(socket.waitFor("STOPPING=1", seconds: 5))
        #expect(ingest.waitForEnd(seconds: 35))
        let status: Int32? = ingest.exitStatus
        #expect(status == 0)
    }

    @Test func `twenty restarts behind a held socket fail no request`() throws {
        let deployment = try Deployment(workers: 1, ingest: false)
        let listener = try #require(HeldSocket(port: deployment.port))
        func start() throws -> ChildProcess {
            let child = try listener.start(
                Deployment.binaries + "/tasklane-ingest", environment: deployment.environment)
            #expect(eventually(seconds: 20) { Deployment.accepts(deployment.adminPort) }, "\(child.log)")
            return child
        }
        var ingest = try start()
        let isOver = Atomic(false)
        let sent = Atomic(0)
        let failures = Mutex<[String]>([])
        let threads = (0..<4).map { number in
            let ended = DispatchSemaphore(value: 0)
            let token = deployment.token("u\(number)")
            Thread.detachNewThread {
                let client = HTTPClient(port: deployment.port)
                while !isOver.load(ordering: .relaxed) {
                    do throws(NoAnswer) {
                        let answer = try client.send(
                            "POST", "/api/u\(number)/tasks", token: token, body: #"{"title":"x"}"#)
                        if answer.status != 202 { failures.withLock { $0.append("\(answer.status)") } }
                    } catch { failures.withLock { $0.append(error.why) } }
                    sent.add(1, ordering: .relaxed)
                }
                ended.signal()
            }
            return ended
        }
        for _ in 0..<20 {
            let before = sent.load(ordering: .relaxed)
            #expect(eventually { sent.load(ordering: .relaxed) > before + 20 })
            ingest.signal(SIGTERM)
            #expect(ingest.waitForEnd(seconds: 35))
            ingest = try start()
        }
        isOver.store(true, ordering: .relaxed)
        for thread in threads { thread.wait() }
        ingest.stop()
        #expect(failures.withLock { $0 } == [], "of \(sent.load(ordering: .relaxed)) requests")
        #expect(sent.load(ordering: .relaxed) > 400)
    }
}

/// A listening socket that outlives the programs which serve it, as systemd holds one (sd_listen_fds(3)).
///
/// `systemd-socket-activate` hands its socket to one program and is gone with it; so the test holds it itself.
private final class HeldSocket {
    private let descriptor: Int32
    private let directory = TemporaryDirectory.make("held")
    private var started = 0

    init?(port: UInt16) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var on: Int32 = 1
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0, listen(descriptor, 1024) == 0 else { return nil }
    }

    deinit { close(descriptor) }

    /// Starts a program with the socket as descriptor 3, `LISTEN_PID` being the program itself.
    func start(_ program: String, environment: [String: String]) throws(ChildFailure) -> ChildProcess {
        started += 1
        // What else this process has open stays behind: a client's socket would look open to the server for ever.
        let script = """
            exec 3<&\(descriptor)
            for open in /proc/self/fd/*; do n=${open##*/}; [ "$n" -le 3 ] || [ "$n" = 255 ] || eval "exec $n>&-"; done
            export LISTEN_FDS=1 LISTEN_PID=$$
            exec \(program)
            """
        return try ChildProcess(
            ["bash", "-c", script], environment: environment, logPath: directory + "/ingest-\(started).log",
            passing: [descriptor])
    }
}
