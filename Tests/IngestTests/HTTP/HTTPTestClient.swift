import Glibc

@testable import Ingest

/// A raw socket that says exactly what it is told and reads until it is told to stop.
final class HTTPTestClient {
    let fd: Int32
    private var buffered: [UInt8] = []

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// A descriptor that will be a client.
    struct Unconnected {
        let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        func connect(port: UInt16) throws -> HTTPTestClient { try HTTPTestClient(fd: fd, port: port) }
    }

    convenience init(port: UInt16) throws { try self.init(fd: Unconnected().fd, port: port) }

    private init(fd: Int32, port: UInt16) throws {
        self.fd = fd
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else { throw Failure(description: "cannot connect: errno \(errno)") }
        var timeout = timeval(tv_sec: 15, tv_usec: 0)
        unsafe setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var on: Int32 = 1
        unsafe setsockopt(fd, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    }

    deinit { close(fd) }

    func send(_ text: String) { send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.send(fd, $0.baseAddress! + sent, bytes.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            sent += count
        }
    }

    func finishSending() { shutdown(fd, Int32(SHUT_WR)) }

    /// One more read; false at the end of the stream.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(fd, &chunk, chunk.count, 0)
        if count < 0 {
            throw Failure(description: errno == EAGAIN ? "nothing came in 15 s" : "errno \(errno)")
        }
        buffered += chunk[..<count]
        return count > 0
    }

    /// The next whole answer. `hasBody` is false for the answer to a HEAD.
    func response(hasBody: Bool = true) throws -> HTTPTestResponse {
        while true {
            if let (response, used) = HTTPTestResponse.parse(buffered, hasBody: hasBody) {
                buffered.removeFirst(used)
                return response
            }
            guard try fill() else {
                throw Failure(description: "closed after \(String(decoding: buffered, as: UTF8.self))")
            }
        }
    }

    /// True when the server closes, in order, without sending anything more.
    func isClosedByServer() throws -> Bool {
        while buffered.isEmpty, try fill() {}
        return buffered.isEmpty
    }

    /// Everything until the server closes.
    func rest() throws -> String {
        while try fill() {}
        defer { buffered = [] }
        return String(decoding: buffered, as: UTF8.self)
    }
}

/// An answer as a client sees it.
struct HTTPTestResponse {
    let status: Int
    let head: String
    let body: String

    func header(_ name: String) -> String? {
        for line in head.split(separator: "\r\n").dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            if line[..<colon].lowercased() == name.lowercased() {
                return String(line[line.index(after: colon)...].drop { $0 == " " })
            }
        }
        return nil
    }

    static func parse(_ bytes: [UInt8], hasBody: Bool) -> (HTTPTestResponse, Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
        let bare = HTTPTestResponse(status: Int(head.split(separator: " ")[1]) ?? 0, head: head, body: "")
        let length = hasBody ? Int(bare.header("Content-Length") ?? "0") ?? 0 : 0
        guard bytes.count >= end.upperBound + length else { return nil }
        let body = String(decoding: bytes[end.upperBound..<end.upperBound + length], as: UTF8.self)
        return (HTTPTestResponse(status: bare.status, head: head, body: body), end.upperBound + length)
    }
}
