internal import CPostgres
internal import CSystem

/// libpq's connection, non-blocking and in pipeline mode, without any waiting: the blocking connection and the one on
/// the event loop wait around it, each in its own way.
@safe final class PostgresHandle {
    /// What the socket must become before a connection attempt goes on.
    enum Progress { case reading, writing, done }

    private let raw: OpaquePointer
    private var scratch: [UInt8] = []

    /// Begins to connect.
    /// - Parameter extra: keywords that count more than those of `options`.
    init(connectingTo options: PostgresOptions, with extra: [(String, String)] = []) throws(PostgresError) {
        var names: [UnsafePointer<CChar>?] = unsafe []
        var values: [UnsafePointer<CChar>?] = unsafe []
        for (name, value) in options.keywords + extra {
            guard let name = unsafe strdup(name), let value = unsafe strdup(value) else {
                preconditionFailure("out of memory")
            }
            unsafe names.append(UnsafePointer(name))
            unsafe values.append(UnsafePointer(value))
        }
        unsafe names.append(nil)
        unsafe values.append(nil)
        defer {
            for index in unsafe names.indices {
                unsafe free(UnsafeMutablePointer(mutating: names[index]))
                unsafe free(UnsafeMutablePointer(mutating: values[index]))
            }
        }
        guard let raw = unsafe PQconnectStartParams(&names, &values, 1) else {
            throw .unreachable("out of memory")
        }
        unsafe self.raw = raw
        guard unsafe PQstatus(raw) != CONNECTION_BAD else { throw .unreachable(message) }
        // Notices are for people at psql; libpq would print them to stderr.
        _ = unsafe PQsetNoticeProcessor(raw, { _, _ in }, nil)
    }

    deinit { unsafe PQfinish(raw) }

    /// Takes the attempt one step further.
    func connect() throws(PostgresError) -> Progress {
        switch unsafe PQconnectPoll(raw) {
        case PGRES_POLLING_OK:
            let isReady = unsafe PQsetnonblocking(raw, 1) == 0 && PQenterPipelineMode(raw) == 1
            guard isReady else { throw .unreachable(message) }
            return .done
        case PGRES_POLLING_READING: return .reading
        case PGRES_POLLING_WRITING: return .writing
        default: throw .unreachable(message)
        }
    }

    /// The socket; it may change while connecting.
    var descriptor: Int32 { unsafe PQsocket(raw) }

    /// The server's version, such as 150004.
    var serverVersion: Int { unsafe Int(PQserverVersion(raw)) }

    /// One line of what libpq says, which never holds the password.
    var message: String {
        guard let text = unsafe PQerrorMessage(raw) else { return "unknown" }
        let lines = unsafe String(cString: text).split(separator: "\n")
        let texts = lines.map { $0.drop { $0 == " " || $0 == "\t" } }
        return texts.isEmpty ? "connection closed" : texts.joined(separator: "; ")
    }

    /// Queues the preparation of a statement for parameters of these types.
    func sendPrepare(_ name: String, _ sql: String, _ parameters: [PostgresParameter]) throws(PostgresError) {
        let types = parameters.map(\.typeNumber)
        let status = unsafe PQsendPrepare(raw, name, sql, Int32(types.count), types)
        guard status == 1 else { throw .disconnected(message) }
    }

    /// Queues the run of a prepared statement.
    func sendPrepared(_ name: String, _ parameters: [PostgresParameter]) throws(PostgresError) {
        let status = unsafe withEncoded(parameters) { count, _, values, lengths, formats in
            unsafe PQsendQueryPrepared(raw, name, count, values, lengths, formats, 1)
        }
        guard status == 1 else { throw .disconnected(message) }
    }

    /// Queues a statement that is parsed for this run alone.
    func send(_ sql: String, _ parameters: [PostgresParameter]) throws(PostgresError) {
        let status = unsafe withEncoded(parameters) { count, types, values, lengths, formats in
            unsafe PQsendQueryParams(raw, sql, count, types, values, lengths, formats, 1)
        }
        guard status == 1 else { throw .disconnected(message) }
    }

    /// Queues the end of a trip: the server answers it whatever happened before.
    func sendSync() throws(PostgresError) {
        guard unsafe PQpipelineSync(raw) == 1 else { throw .disconnected(message) }
    }

    /// Writes what the socket takes; true when nothing is left.
    func flush() throws(PostgresError) -> Bool {
        switch unsafe PQflush(raw) {
        case 0: return true
        case 1: return false
        default: throw .disconnected(message)
        }
    }

    /// Reads what the socket has.
    func consume() throws(PostgresError) {
        guard unsafe PQconsumeInput(raw) == 1 else { throw .disconnected(message) }
    }

    /// True when `next` would have to wait.
    var isBusy: Bool { unsafe PQisBusy(raw) == 1 }

    /// The next answer; only when not busy.
    func next() -> PostgresAnswer {
        guard let result = unsafe PQgetResult(raw) else { return .end }
        switch unsafe PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            unsafe PQclear(result)
            return .sync
        case PGRES_PIPELINE_ABORTED:
            unsafe PQclear(result)
            return .skipped
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            return .rows(unsafe PostgresRows(adopting: result))
        default:
            defer { unsafe PQclear(result) }
            return .failure(unsafe PostgresError(result: result, orElse: message))
        }
    }

    /// True when libpq knows that the session is gone.
    var isBroken: Bool { unsafe PQstatus(raw) == CONNECTION_BAD }

    /// For scripts of several statements, which the pipeline's protocol does not take.
    func sendScript(_ sql: String) throws(PostgresError) {
        let isSent = unsafe PQexitPipelineMode(raw) == 1 && PQsendQuery(raw, sql) == 1
        guard isSent else { throw .disconnected(message) }
    }

    func endScript() throws(PostgresError) {
        guard unsafe PQenterPipelineMode(raw) == 1 else { throw .disconnected(message) }
    }

    /// Lends the parameters as libpq takes them: all bytes in one buffer, and an array each of types, places, lengths.
    private func withEncoded(
        _ parameters: [PostgresParameter],
        _ body: (
            Int32, UnsafePointer<UInt32>?, UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?,
            UnsafePointer<Int32>?
        ) -> Int32
    ) -> Int32 {
        scratch.removeAll(keepingCapacity: scratch.capacity <= 4 << 20)
        var offsets: [Int] = []
        var lengths: [Int32] = []
        for parameter in parameters {
            let start = scratch.count
            let isValue = parameter.encode(to: &scratch)
            offsets.append(isValue ? start : -1)
            lengths.append(Int32(scratch.count - start))
        }
        // An empty value needs a place too: libpq takes a null pointer for NULL.
        if scratch.isEmpty { scratch.append(0) }
        let types = parameters.map(\.typeNumber)
        let formats = [Int32](repeating: 1, count: parameters.count)
        return unsafe scratch.withUnsafeBytes { bytes in
            let base = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = unsafe offsets.map { unsafe $0 < 0 ? nil : base?.advanced(by: $0) }
            return unsafe body(Int32(parameters.count), types, values, lengths, formats)
        }
    }
}

/// One thing that comes out of a pipeline, in the order of what was sent.
enum PostgresAnswer {
    case rows(PostgresRows)
    case failure(PostgresError)
    /// Not run, because something before it in the trip failed.
    case skipped
    /// No more answers to this statement.
    case end
    case sync
}
