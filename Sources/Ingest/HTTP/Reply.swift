/// The way back from a request to its connection: one of `send` and `start` is called, once, on the loop.
struct Reply {
    private let connection: Connection
    /// Which of the connection's requests: an answer to another than the one that is handled comes too late.
    private let number: UInt32

    init(_ connection: Connection, number: UInt32) {
        self.connection = connection
        self.number = number
    }

    /// Answers. Without effect when the connection is gone.
    func send(_ response: borrowing Response) { connection.finish(response, number) }

    /// Tells `watcher` when the client goes while it waits.
    func watch(_ watcher: any ReplyWatcher) { connection.watch(watcher) }

    /// Answers from a task after all: for a request that turns out to need a wait.
    func start(_ respond: @escaping () async -> Response) { connection.startTask(number, respond) }
}

/// Is told what becomes of a client that waits for an answer; without a task there is nothing to cancel.
protocol ReplyWatcher: AnyObject {
    /// The client has shut its side: it may be gone, or wait for an answer all the same.
    func peerClosed()
    /// The connection is gone.
    func cutOff()
}
