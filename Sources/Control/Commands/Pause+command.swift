import Shared

extension Command {
    private static let scope = [
        Option("all", letter: "a", "every lane"),
        Option("lane", letter: "l", value: "N", "lane N; may be repeated"),
    ]

    static let pause = Command(
        "pause", operands: "(--all | --lane N) --why TEXT",
        summary: "stops the applying; accepting goes on",
        details: "Workers stop at the next batch. Mutations queue up until tasklane resume.",
        options: scope + [
            Option("why", letter: "w", value: "TEXT", "the reason, for whoever finds it paused")
        ]
    ) { session throws(CommandFailure) in
        guard let why = session.arguments.value("why"), !why.isEmpty else {
            throw .usage("pause needs --why TEXT, for whoever finds it paused")
        }
        try session.checkScope()
        let lanes = try session.lanes()
        let chosen = try session.chosenLanes(lanes)
        session.auditIfPossible(lanes.configuration, "pause") { json in
            json.member(
                "lanes",
                chosen.count == lanes.count ? "all" : chosen.map(\.description).joined(separator: ","))
            json.member("why", why)
        }
        let pause = Pause(actor: Actor.current, why: why, since: Lanes.now).encode()
        _ = try lanes.askAll(chosen.map { ["SET", .bytes(lanes.keys[$0.index].paused), .bytes(pause)] })
        session.report(chosen, lanes, "paused")
    }

    static let resume = Command(
        "resume", operands: "(--all | --lane N)", summary: "lets workers apply again", options: scope
    ) { session throws(CommandFailure) in
        try session.checkScope()
        let lanes = try session.lanes()
        let chosen = try session.chosenLanes(lanes)
        session.auditIfPossible(lanes.configuration, "resume") { json in
            json.member(
                "lanes",
                chosen.count == lanes.count ? "all" : chosen.map(\.description).joined(separator: ","))
        }
        // The bell wakes an owner at once; without it the lane would wait for the sweep.
        let keys = chosen.map { lanes.keys[$0.index] }
        _ = try lanes.askAll(keys.map { ["DEL", .bytes($0.paused)] } + [Bell.ring(keys)])
        session.report(chosen, lanes, "resumed")
    }
}

extension Session {
    /// Wrong usage is told before anybody has to be reached.
    fileprivate func checkScope() throws(CommandFailure) {
        let named = arguments.values("lane")
        guard named.isEmpty == arguments.has("all") else {
            throw .usage("say either --all or --lane N")
        }
        for text in named { _ = try Arguments.lane(text) }
    }

    /// The lanes that `--all` or `--lane` name.
    fileprivate func chosenLanes(_ lanes: Lanes) throws(CommandFailure) -> [Lane] {
        let named = arguments.values("lane")
        guard !named.isEmpty else { return lanes.keys.indices.map { Lane($0) } }
        var chosen: [Lane] = []
        for name in named { chosen.append(try lanes.lane(name)) }
        return chosen
    }

    fileprivate func report(_ chosen: [Lane], _ lanes: Lanes, _ what: String) {
        if wantsJSON {
            output.object { json in
                json.member("state", what)
                json.key("lanes")
                json.beginArray()
                for lane in chosen { json.integer(lane.index) }
                json.endArray()
            }
        } else {
            let which =
                chosen.count == lanes.count && chosen.count > 1
                ? "all \(lanes.count) lanes" : "lane " + chosen.map(\.description).joined(separator: ", ")
            output.line("\(what) \(which)")
        }
    }
}
