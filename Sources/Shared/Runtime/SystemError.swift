internal import CSystem

/// A system call that failed: which one, and with what error number.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    package let call: StaticString
    package let number: Int32

    package init(_ call: StaticString, number: Int32) {
        self.call = call
        self.number = number
    }

    /// What the last failed call on this thread left in `errno`.
    package static func last(_ call: StaticString) -> SystemError { SystemError(call, number: tl_errno()) }

    package static func == (left: SystemError, right: SystemError) -> Bool {
        left.number == right.number && left.call.description == right.call.description
    }

    package var description: String {
        let text = unsafe strerror(number)
        return "\(call): \(unsafe text.map { unsafe String(cString: $0) } ?? "error \(number)")"
    }
}

/// The result of `call`, called again for as long as a signal interrupts it; -1 becomes a `SystemError`.
func retrying<Value: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, _ call: () -> Value
) throws(SystemError) -> Value {
    while true {
        let value = call()
        if value != -1 { return value }
        let number = tl_errno()
        if number != EINTR { throw SystemError(name, number: number) }
    }
}
