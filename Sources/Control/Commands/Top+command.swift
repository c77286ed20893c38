internal import CSystem
import Shared

extension Command {
    static let top = Command(
        "top", summary: "the same live, with sparklines; lanes, a lane, a user, a request; changes nothing",
        options: [Option("interval", value: "TIME", "between two looks (1s)")]
    ) { session throws(CommandFailure) in
        let interval = try TimeText.duration(
            session.arguments.value("interval") ?? "1s", called: "--interval")
        let lanes = try session.lanes()
        let interruption = Interruption()
        guard let terminal = RawTerminal() else {
            throw .usage("top needs a terminal: tasklane status --json is for programs")
        }
        var view = TopView(session: session, lanes: lanes)
        var nextLook: Int64 = 0
        while !interruption.isRaised {
            if tl_monotonic_nanos() >= nextLook {
                nextLook = tl_monotonic_nanos() + Int64(interval / .nanoseconds(1))
                try view.look()
            }
            let size = session.output.size
            terminal.draw(view.lines(columns: size.columns, rows: size.rows), rows: size.rows)
            let left = max(0, nextLook - tl_monotonic_nanos())
            if interruption.wait(for: STDIN_FILENO, upTo: .nanoseconds(left)) { break }
            for key in terminal.keys() {
                guard view.model.press(key, page: TopScreen.page(rows: size.rows)) else { return }
                try view.openDetail()
            }
        }
    }
}

/// `top` at work: looks, and keeps the lines of what is open.
private struct TopView {
    let session: Session
    let lanes: Lanes
    var model = TopModel()
    private var detail: [String] = []
    private var opened = TopModel.View.lanes
    private var postgres: PostgresConnection?
    private var looks = 0

    init(session: Session, lanes: Lanes) {
        self.session = session
        self.lanes = lanes
    }

    /// Reads everything once. PostgreSQL is asked every fifth time: a count of dead letters costs more.
    mutating func look() throws(CommandFailure) {
        let readings = try lanes.readings()
        model.take(readings, workers: try lanes.workers(readings).count { !$0.isSilent }, at: Lanes.now)
        if looks % 5 == 0 { countDeadLetters() }
        looks += 1
        if model.view != .lanes { try fillDetail() }
    }

    private mutating func countDeadLetters() {
        do throws(CommandFailure) {
            let open: PostgresConnection
            if let postgres, postgres.isOpen {
                open = postgres
            } else {
                open = try session.postgres(lanes.configuration)
            }
            postgres = open
            model.deadLetters = try DeadLetters(open, lanes: lanes.count).counted(DeadLetterFilter())
        } catch {
            postgres = nil
            model.deadLetters = nil
        }
    }

    /// Fills the lines of a view that was just opened.
    mutating func openDetail() throws(CommandFailure) {
        guard model.view != opened else { return }
        opened = model.view
        try fillDetail()
    }

    private mutating func fillDetail() throws(CommandFailure) {
        switch model.view {
        case .lanes: detail = []
        case .help: detail = TopScreen.help
        case .lane(let lane): detail = try laneLines(lane)
        case .user(let text): detail = try userLines(text)
        case .request(let text): detail = try requestLines(text)
        }
    }

    private func laneLines(_ lane: Lane) throws(CommandFailure) -> [String] {
        let reading = try lanes.readings(of: [lane])[0]
        var lines = reading.lines(session.output, now: Lanes.now)
        lines += [""] + (try entries(lanes.keys[lane.index].queue, of: nil, isParked: false))
        return lines
    }

    private func userLines(_ text: String) throws(CommandFailure) -> [String] {
        guard let user = UserID(text) else { return ["\"\(Readable.printable(text))\" is no user id"] }
        let lane = lanes.lane(of: user)
        let parked = try entries(lanes.keys[lane.index].parked(user), of: user, isParked: true)
        let queued = try entries(lanes.keys[lane.index].queue, of: user, isParked: false)
        return ["\(user) is in lane \(lane)", "", "parked"] + parked + ["", "queued"] + queued
    }

    private func entries(_ list: [UInt8], of user: UserID?, isParked: Bool) throws(CommandFailure) -> [String]
    {
        var found: [QueuedEntry] = []
        try lanes.scan(list, isParked: isParked) { entry throws(CommandFailure) in
            if user == nil || entry.entry.mutation?.user == user { found.append(entry) }
            return found.count < 40 && entry.position < 10000
        }
        guard !found.isEmpty else { return ["nothing"] }
        return QueuedEntry.table(found, now: Lanes.now).lines(session.output)
    }

    private func requestLines(_ text: String) throws(CommandFailure) -> [String] {
        guard let id = UUID(text) else { return ["\"\(Readable.printable(text))\" is no request id"] }
        let trace = try RequestSearch(lanes: lanes, postgres: postgres).trace(
            id, user: nil, postgresFault: postgres == nil ? "PostgreSQL does not answer" : nil)
        return trace.lines(session.output)
    }

    func lines(columns: Int, rows: Int) -> [String] {
        TopScreen(model: model, output: session.output, columns: columns, rows: rows, detail: detail).lines()
    }
}
