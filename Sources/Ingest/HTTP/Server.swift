// The HTTP/1.1 server of one loop. It knows nothing of what it serves.
//
//     let sockets = try ListeningSocket.open(address, loopCount: n)         // before the loops start
//     let budget = ConnectionBudget(max: 20_000)                            // shared by all loops
//     try LoopGroup(count: n, name: "ingest").run { loop in
//         let server = try Server(on: loop, sockets: sockets[loop.index], budget: budget, handler: handler)
//         await …                                                           // until it is time to stop
//         await server.drain(within: .seconds(25))                          // returns when all are answered
//     }
//
// `handler` is a `RequestHandler` (Admission.swift): `admit(head)` is called when a head is complete and says
// `.answer(response)`, or `.serve(bodyBytesMax:) { request in … }` with the async function that answers. The
// server reads bodies within that limit, keeps order on each connection, adds the headers that every answer
// has (ResponseWriter.swift) and refuses by itself what is malformed, too large or too slow (docs/api.md).
//
// Reading order: Server, Listener, Connection (+reading, +answering, +closing), RequestHeadParser,
// RequestLayout (+line, +headers), ChunkedDecoder, RequestHead, Response, ResponseWriter, Problem.
internal import Shared

/// Accepts connections on one loop and answers their requests. Confined to the loop.
final class Server {
    let loop: EventLoop
    let limits: Limits
    let budget: ConnectionBudget
    let handler: any RequestHandler
    let readBuffer = ReadBuffer()
    /// The limits that each request sets anew, as the loop counts.
    let idleNanoseconds: Int64
    let drainNanoseconds: Int64

    var writer = ResponseWriter()
    var correlation = CorrelationSource()
    /// Where an answer is put together that goes out at once.
    var scratch: [UInt8] = []
    /// Connections with answers to send at the end of this turn.
    private var unsent: [Connection] = []
    private var connections: [Connection] = []
    private var listeners: [Listener] = []
    private var drainHooks: [() -> Void] = []
    private var emptied: Latch<Void>?
    private var idleCursor = 0
    private static let idleSampleSize = 64

    /// True from the first call of `drain` on: every answer closes its connection.
    private(set) var isDraining = false

    init(
        on loop: EventLoop, sockets: [ListeningSocket], limits: Limits = .standard, budget: ConnectionBudget,
        handler: any RequestHandler
    ) throws(SystemError) {
        self.loop = loop
        self.limits = limits
        idleNanoseconds = limits.idleTime.nanoseconds
        drainNanoseconds = limits.drainGrace.nanoseconds
        self.budget = budget
        self.handler = handler
        scratch.reserveCapacity(4096)
        loop.onTurnEnd { [self] in sendUnsent() }
        for socket in sockets { listeners.append(try Listener(socket, on: loop, for: self)) }
    }

    /// Open connections of this loop.
    var connectionCount: Int { connections.count }

    /// Calls `hook` when draining begins: long polls are to answer with what they have.
    func onDrain(_ hook: @escaping () -> Void) {
        if isDraining { hook() } else { drainHooks.append(hook) }
    }

    /// Stops accepting, lets what is under way finish, closes idle connections after a short grace, and
    /// returns when none is left or `time` is over; gives the number of those that had to be cut.
    @discardableResult
    func drain(within time: Duration) async -> Int {
        loop.assertOnLoop()
        if !isDraining { beginDraining() }
        if connections.isEmpty { return 0 }
        let latch = Latch<Void>(on: loop)
        emptied = latch
        _ = await latch.wait(until: loop.now + time)
        emptied = nil
        let cut = connections.count
        for connection in connections { connection.cut() }
        return cut
    }

    private func beginDraining() {
        isDraining = true
        for listener in listeners { listener.close() }
        listeners = []
        for hook in drainHooks { hook() }
        drainHooks = []
        for connection in connections { connection.serverDrains() }
    }

    // MARK: Connections

    /// Takes over an accepted socket, for which the budget has been asked.
    func adopt(_ fd: Int32) {
        Socket.setNoDelay(fd)
        let connection = Connection(fd: fd, server: self, place: connections.count)
        do throws(SystemError) {
            try connection.open()
            connections.append(connection)
        } catch {
            // Out of memory for a watch: the client sees a closed connection.
            Socket.close(fd)
            budget.giveBack()
        }
    }

    func forget(_ connection: Connection) {
        let last = connections.removeLast()
        if last !== connection {
            connections[connection.place] = last
            last.place = connection.place
        }
        budget.giveBack()
        if connections.isEmpty { emptied?.fulfil(()) }
    }

    /// Makes room for a new connection: closes the one that has been idle longest among a few, looked at in
    /// turn. False when all of them are busy.
    func closeOneIdle() -> Bool {
        var oldest: (deadline: LoopInstant, connection: Connection)?
        for _ in 0..<min(Self.idleSampleSize, connections.count) {
            idleCursor = (idleCursor + 1) % connections.count
            let connection = connections[idleCursor]
            guard let deadline = connection.idleDeadline else { continue }
            if let known = oldest, known.deadline <= deadline { continue }
            oldest = (deadline, connection)
        }
        oldest?.connection.cut()
        return oldest != nil
    }

    func sendAtTurnEnd(_ connection: Connection) { unsent.append(connection) }

    private func sendUnsent() {
        guard !unsent.isEmpty else { return }
        // Sending may make room for a next request, whose answer comes back here.
        var place = 0
        while place < unsent.count {
            let connection = unsent[place]
            place += 1
            connection.isListedForSending = false
            if !connection.isBlocked { connection.flush() }
        }
        unsent.removeAll(keepingCapacity: true)
    }
}
