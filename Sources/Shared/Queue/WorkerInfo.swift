/// What a worker says of itself with its heartbeat (`tl:workers`), as JSON: to operators, and to the other workers.
///
/// Everything is optional to a reader, because the writer may be of another build.
package struct WorkerInfo: Equatable, Sendable {
    /// Lanes that it holds.
    package var lanes: Int64?
    /// Mutations since its start.
    package var applied: Int64?
    package var startedAt: Timestamp?
    package var lastProgress: Timestamp?
    /// Since when it has not reached PostgreSQL; nil while it does.
    package var cutOffSince: Timestamp?
    /// The machine, and the name space of its process numbers.
    package var place: [UInt8]?

    package init() {}

    /// Nil for what is no JSON object.
    package init?(_ text: [UInt8], reader: JSONReader) {
        do throws(JSONError) {
            let info = try reader.read(text.span) { (document) throws(Never) -> WorkerInfo? in
                guard case .object = document.kind(at: document.root) else { return nil }
                return WorkerInfo(document)
            }.get()
            guard let info else { return nil }
            self = info
        } catch { return nil }
    }

    private init(_ document: borrowing JSONDocument) {
        let root = document.root
        lanes = document.integer("lanes", of: root)
        applied = document.integer("applied", of: root)
        startedAt = document.timestamp("started_at", of: root)
        lastProgress = document.timestamp("last_progress_at", of: root)
        cutOffSince = document.timestamp("cut_off_since", of: root)
        place = document.bytes("place", of: root)
    }

    package var json: [UInt8] {
        var json = JSONWriter(capacity: 200)
        json.beginObject()
        json.number("lanes", lanes)
        json.number("applied", applied)
        json.time("started_at", startedAt)
        json.time("last_progress_at", lastProgress)
        json.time("cut_off_since", cutOffSince)
        if let place {
            json.key("place")
            json.string(place)
        }
        json.endObject()
        return json.bytes
    }
}

extension JSONWriter {
    fileprivate mutating func number(_ name: StaticString, _ value: Int64?) {
        guard let value else { return }
        key(name)
        integer(value)
    }

    fileprivate mutating func time(_ name: StaticString, _ value: Timestamp?) {
        guard let value else { return }
        key(name)
        timestamp(value)
    }
}
