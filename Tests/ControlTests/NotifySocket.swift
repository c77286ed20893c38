import CSystem
import Foundation
import Support

/// The receiving end of systemd's notify protocol, for a test that plays systemd.
final class NotifySocket {
    let path: String
    private let descriptor: Int32

    init() throws(ChildFailure) {
        path = TemporaryDirectory.make("notify") + "/socket"
        descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { target in
            for (place, byte) in bytes.enumerated() { unsafe target[place] = byte }
        }
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard status == 0 else { throw ChildFailure(description: "bind \(path): \(errno)") }
    }

    deinit { close(descriptor) }

    /// The next message, or nil when none comes within `seconds`.
    func next(seconds: Double) -> String? {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&polled, 1, Int32(seconds * 1000)) > 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = unsafe recv(descriptor, &bytes, bytes.count, 0)
        return count > 0 ? String(decoding: bytes.prefix(count), as: UTF8.self) : nil
    }

    /// Waits for a message that has `line` among its lines.
    func waitFor(_ line: String, seconds: Double) -> Bool {
        let deadline = Date().addingTimeInterval(seconds)
        while Date() < deadline {
            guard let message = next(seconds: deadline.timeIntervalSinceNow) else { return false }
            if message.split(separator: "\n").contains(where: { $0.hasPrefix(line) }) { return true }
        }
        return false
    }

    /// Forgets what was sent so far.
    func drain() { while next(seconds: 0) != nil {} }
}
