/// A statement on its way through a session of a loop, with what is to be done with its answer.
struct PostgresTrip {
    typealias Completion = (Swift.Result<PostgresRows, PostgresError>) -> Void

    let statement: PostgresStatement
    let parameters: [PostgresParameter]
    /// False for what may write: that is never sent twice, and never in one transaction with others.
    let isRead: Bool
    /// Called once, on the loop; nil where nobody wants to know.
    let completion: Completion?
    var deadline = LoopInstant.distantFuture
    /// It was kept from running by another one's error, and now goes without company.
    var isAlone = false
    /// It was asked once more already, after its session was lost.
    var isRepeated = false

    init(
        _ statement: PostgresStatement, _ parameters: [PostgresParameter], isRead: Bool,
        _ completion: Completion?
    ) {
        self.statement = statement
        self.parameters = parameters
        self.isRead = isRead
        self.completion = completion
    }
}

/// What the server said of one trip.
enum PostgresOutcome {
    case rows(PostgresRows)
    case failure(PostgresError)
    /// It was not run: a statement before it in its transaction failed.
    case skipped
}
