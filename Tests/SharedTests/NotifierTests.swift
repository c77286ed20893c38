import CSystem
import Shared
import Testing

@Suite struct `The notifier` {
    @Test func `sends one datagram for each message`() throws {
        let name = "@tasklane-notify-\(getpid())"
        let receiver = try #require(bound(to: name))
        defer { close(receiver) }
        let notifier = Notifier(Environment(["NOTIFY_SOCKET": name, "WATCHDOG_USEC": "3000000"]))
        #expect(notifier.watchdogInterval == .seconds(3))
        notifier.ready(status: "lag 0 s")
        notifier.watchdog()
        #expect(datagram(from: receiver) == "READY=1\nSTATUS=lag 0 s")
        #expect(datagram(from: receiver) == "WATCHDOG=1")
    }

    @Test func `is silent outside systemd and for another process`() {
        let notifier = Notifier(Environment(["WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"]))
        #expect(notifier.watchdogInterval == nil)
        notifier.watchdog()
    }

    private func bound(to name: String) -> Int32? {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (place, byte) in name.utf8.enumerated() where place > 0 { unsafe target[place] = byte }
        }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.utf8.count)
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, size)
            }
        }
        return status == 0 ? descriptor : nil
    }

    private func datagram(from descriptor: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        return String(decoding: buffer[..<max(count, 0)], as: UTF8.self)
    }
}
