/// Which statements a session has prepared: so many at most, as each holds memory in the server. The one that was not
/// used for longest makes room.
struct PreparedStatements {
    static let countMax = 128

    /// What must be done before a statement of this name can run.
    enum Use: Equatable {
        case isPrepared
        /// It must be prepared, and another one dropped where there are too many.
        case prepare(dropping: String?)
    }

    private var lastUses: [String: UInt64] = [:]
    private var uses: UInt64 = 0

    /// Notes the use of a statement, which counts as prepared from now on.
    mutating func use(_ name: String) -> Use {
        uses += 1
        if lastUses.updateValue(uses, forKey: name) != nil { return .isPrepared }
        guard lastUses.count > Self.countMax, let oldest = lastUses.min(by: { $0.value < $1.value }) else {
            return .prepare(dropping: nil)
        }
        lastUses[oldest.key] = nil
        return .prepare(dropping: oldest.key)
    }

    /// The server could not prepare it.
    mutating func remove(_ name: String) { lastUses[name] = nil }

    mutating func removeAll() { lastUses.removeAll() }
}
