internal import CSystem

/// Bytes that one read after another fills, shared by the connections of a loop: an idle one holds none.
@safe package final class ReadBuffer {
    private let storage: UnsafeMutableRawBufferPointer

    /// - Parameter capacity: bytes that one read may bring.
    package init(capacity: Int = 64 * 1024) {
        unsafe storage = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit { unsafe storage.deallocate() }

    /// Bytes that one read may bring.
    package var capacity: Int { unsafe storage.count }

    /// Reads what is there, once.
    package func fill(from fd: Int32) -> ReadOutcome {
        let count = unsafe recv(fd, storage.baseAddress, storage.count, 0)
        if count > 0 { return .bytes(count) }
        if count == 0 { return .end }
        switch tl_errno() {
        case EAGAIN, EINTR: return .wouldBlock
        default: return .broken
        }
    }

    /// Lends the first `count` bytes of the last read.
    package func withBytes(_ count: Int, _ body: (Span<UInt8>) -> Void) {
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: storage[0..<count]).assumingMemoryBound(
            to: UInt8.self)
        body(unsafe bytes.span)
    }
}

/// What one read of a socket gave.
package enum ReadOutcome: Equatable, Sendable {
    case bytes(Int)
    case end
    case wouldBlock
    case broken
}
