internal import Shared

/// What a client may send and how long it may take (docs/api.md, limits).
struct Limits: Sendable {
    /// Bytes of a request line, without its end; more is 414.
    var requestLineBytesMax = 8 * 1024
    /// Bytes of one header line, without its end; more is 431.
    var headerBytesMax = 8 * 1024
    /// Bytes of all header lines together; more is 431.
    var headersBytesMax = 16 * 1024
    /// Header lines; more is 431.
    var headersMax = 64
    /// Bytes of a refused request's body that are read and dropped so that the connection can go on.
    var discardBytesMax = 64 * 1024

    /// From the first byte of a request to the end of its head.
    var headTime = Duration.seconds(10)
    /// From the end of the head to the end of the body.
    var bodyTime = Duration.seconds(30)
    /// Between two requests.
    var idleTime = Duration.seconds(60)
    /// For a client that takes none of its answer.
    var writeStallTime = Duration.seconds(20)
    /// For a client to read the last answer before the connection is closed.
    var lingerTime = Duration.seconds(5)
    /// For a request that was on its way when the server began to drain.
    var drainGrace = Duration.milliseconds(500)

    /// The limits of API.md §9 and §10.
    static let standard = Limits()
}
