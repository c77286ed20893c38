/// The way back from a request to its connection: one of the two is called, once, on the loop.
struct Reply {
    private let connection: Connection
    private let head: RequestHead

    init(_ connection: Connection, _ head: RequestHead) {
        self.connection = connection
        self.head = head
    }

    /// Answers. Without effect when the connection is gone.
    func send(_ response: Response) { connection.finish(response, head) }

    /// Tells `watcher` when the client goes while it waits.
    func watch(_ watcher: any ReplyWatcher) { connection.watch(watcher) }

    /// Answers from a task after all: for a request that turns out to need a wait.
    func start(_ respond: @escaping () async -> Response) { connection.startTask(head, respond) }
}

/// Is told what becomes of a client that waits for an answer; without a task there is nothing to cancel.
protocol ReplyWatcher: AnyObject {
    /// The client has shut its side: it may be gone, or wait for an answer all the same.
    func peerClosed()
    /// The connection is gone.
    func cutOff()
}
