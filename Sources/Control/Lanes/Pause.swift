import Shared

/// What `tl:{NNN}:paused` says: who stopped the applying, when, and why.
struct Pause: Equatable {
    let actor: String
    let why: String
    let since: Timestamp?

    init(actor: String, why: String, since: Timestamp) {
        self.actor = actor
        self.why = why
        self.since = since
    }

    /// Reads a value; text that is not ours (somebody used redis-cli) becomes the reason.
    init(_ bytes: [UInt8], reader: JSONReader) {
        let read = try? reader.read(bytes.span) { (document) throws(Never) -> Pause? in
            guard let actor = document.bytes("by", of: document.root),
                let why = document.bytes("why", of: document.root)
            else { return nil }
            return Pause(
                actor: actor, why: why, since: document.timestamp("at", of: document.root))
        }.get()
        // `try?`: what is no JSON is somebody's own note, and is shown as one.
        self = read ?? Pause(actor: Array("unknown".utf8), why: bytes, since: nil)
    }

    private init(actor: [UInt8], why: [UInt8], since: Timestamp?) {
        self.actor = Readable.printable(String(decoding: actor, as: UTF8.self))
        self.why = Readable.printable(String(decoding: why, as: UTF8.self))
        self.since = since
    }

    func encode() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("by")
        json.string(actor)
        json.key("why")
        json.string(why)
        if let since {
            json.key("at")
            json.timestamp(since)
        }
        json.endObject()
        return json.bytes
    }
}
