import CSystem
import Foundation

/// What a server answered.
package struct Answer: Sendable {
    package let status: Int
    /// Names in lower case.
    package let headers: [String: String]
    package let body: [UInt8]

    /// The body as a JSON object, or an empty one.
    package var json: [String: Any] {
        (try? JSONSerialization.jsonObject(with: Data(body)) as? [String: Any]) ?? [:]
    }
    package var text: String { String(decoding: body, as: UTF8.self) }
}

/// Why there is no answer: the connection was refused, broke, or nothing came in time.
package struct NoAnswer: Error {
    package let why: String
}

/// A blocking HTTP/1.1 client on one keep-alive connection; connects again when it must. Not for several threads.
package final class HTTPClient {
    private let port: UInt16
    private let timeoutSeconds: Int
    private var descriptor: Int32 = -1
    private var buffer: [UInt8] = []

    package init(port: UInt16, timeoutSeconds: Int = 35) {
        self.port = port
        self.timeoutSeconds = timeoutSeconds
    }

    deinit { close() }

    package func close() {
        if descriptor >= 0 { Glibc.close(descriptor) }
        descriptor = -1
        buffer = []
    }

    /// Sends one request and waits for its answer. Never sends twice by itself.
    package func send(
        _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:],
        body: String? = nil
    ) throws(NoAnswer) -> Answer {
        try connectIfNeeded()
        var head = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n"
        if let token { head += "Authorization: Bearer \(token)\r\n" }
        for (name, value) in headers { head += "\(name): \(value)\r\n" }
        if let body {
            if !headers.keys.contains(where: { $0.lowercased() == "content-type" }) {
                head += "Content-Type: application/json\r\n"
            }
            head += "Content-Length: \(body.utf8.count)\r\n"
        }
        do throws(NoAnswer) {
            try write(Array((head + "\r\n" + (body ?? "")).utf8))
            let answer = try readAnswer(bodyExpected: method != "HEAD")
            if answer.headers["connection"]?.lowercased() == "close" { close() }
            return answer
        } catch {
            close()
            throw error
        }
    }

    private func connectIfNeeded() throws(NoAnswer) {
        guard descriptor < 0 else { return }
        let made = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard made >= 0 else { throw NoAnswer(why: "socket: \(errno)") }
        var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
        unsafe setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let connected = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(made, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else {
            Glibc.close(made)
            throw NoAnswer(why: "connect: \(errno)")
        }
        descriptor = made
        buffer = []
    }

    private func write(_ bytes: [UInt8]) throws(NoAnswer) {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes { buffer in
                unsafe Glibc.send(
                    descriptor, buffer.baseAddress?.advanced(by: sent), buffer.count - sent,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw NoAnswer(why: "send: \(errno)") }
            sent += count
        }
    }

    private func readMore() throws(NoAnswer) {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
        guard count > 0 else { throw NoAnswer(why: count == 0 ? "closed" : "recv: \(errno)") }
        buffer += chunk[..<count]
    }

    private func readAnswer(bodyExpected: Bool) throws(NoAnswer) -> Answer {
        while true {
            let answer = try readOne(bodyExpected: bodyExpected)
            if answer.status != 100 { return answer }
        }
    }

    private func readOne(bodyExpected: Bool) throws(NoAnswer) -> Answer {
        let end: [UInt8] = Array("\r\n\r\n".utf8)
        var headEnd = buffer.firstRange(of: end)
        while headEnd == nil {
            try readMore()
            headEnd = buffer.firstRange(of: end)
        }
        guard let headEnd else { throw NoAnswer(why: "no head") }
        let lines = String(decoding: buffer[..<headEnd.lowerBound], as: UTF8.self).components(
            separatedBy: "\r\n")
        buffer.removeFirst(headEnd.upperBound)
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(
                in: .whitespaces)
        }
        guard let status = lines.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
            throw NoAnswer(why: "no status line")
        }
        let length =
            bodyExpected && status != 204 && status != 304 ? Int(headers["content-length"] ?? "0") ?? 0 : 0
        while buffer.count < length { try readMore() }
        let body = Array(buffer[..<length])
        buffer.removeFirst(length)
        return Answer(status: status, headers: headers, body: body)
    }
}
