import CSystem
import Foundation
import Testing

/// Answers each connection with the same bytes: for answers that our own server never gives.
final class RawServer: Sendable {
    let port: UInt16
    private let descriptor: Int32

    init(_ answer: String) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                _ = unsafe bind(listener, generic, size)
                _ = unsafe getsockname(listener, generic, &size)
            }
        }
        try #require(listen(listener, 16) == 0)
        descriptor = listener
        port = UInt16(bigEndian: address.sin_port)
        let bytes = Array(answer.utf8)
        Thread.detachNewThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { return }
                var request = [UInt8](repeating: 0, count: 4096)
                _ = unsafe read(client, &request, request.count)
                _ = unsafe write(client, bytes, bytes.count)
                close(client)
            }
        }
    }

    deinit {
        shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
    }
}
