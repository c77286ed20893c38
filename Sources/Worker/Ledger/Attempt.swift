import Shared

/// One failed try of a mutation: kept with a parked user, and with a dead letter.
struct Attempt: Equatable, Sendable {
    var at: Timestamp
    var worker: WorkerID
    var sqlState: String
    var message: String

    /// A JSON array of attempts: the form of `tl:{NNN}:attempts` and of `dead_letters.attempts`.
    static func encode(_ attempts: [Attempt]) -> [UInt8] {
        var json = JSONWriter(capacity: 160 * attempts.count + 2)
        json.beginArray()
        for attempt in attempts {
            json.beginObject()
            json.key("at")
            json.timestamp(attempt.at)
            json.key("worker")
            json.string(attempt.worker.bytes)
            json.key("sqlstate")
            json.string(attempt.sqlState)
            json.key("message")
            json.string(attempt.message)
            json.endObject()
        }
        json.endArray()
        return json.bytes
    }

    /// Reads what `encode` wrote. Anything else is no attempts: a record that somebody broke costs a user some more
    /// tries, and nothing else.
    static func decode(_ text: [UInt8]?, reader: JSONReader) -> [Attempt] {
        guard let text, !text.isEmpty else { return [] }
        var attempts: [Attempt] = []
        do throws(JSONError) {
            _ = try reader.read(text.span) { (document) throws(Never) in
                document.forEachElement(of: document.root) { (place) throws(Never) in
                    attempts.append(
                        Attempt(
                            at: document.timestamp("at", of: place) ?? Timestamp(micros: 0),
                            worker: WorkerID(bytes: document.bytes("worker", of: place) ?? []),
                            sqlState: words(document.bytes("sqlstate", of: place)),
                            message: words(document.bytes("message", of: place))))
                }
            }
        } catch { return [] }
        return attempts

        func words(_ bytes: [UInt8]?) -> String { String(decoding: bytes ?? [], as: UTF8.self) }
    }

    /// The error without what differs from row to row, so that equal causes have equal signatures: digits become `0`,
    /// quoted values `'…'`, and what follows the first line is dropped.
    static func signature(of fault: DatabaseFault) -> String {
        var text: [UInt8] = fault.sqlState.isEmpty ? [] : Array((fault.sqlState + " ").utf8)
        var quote: UInt8?
        for byte in fault.message.utf8.prefix(while: { $0 != UInt8(ascii: "\n") }).prefix(200) {
            if let open = quote {
                if byte == open {
                    quote = nil
                    text.append(contentsOf: "…".utf8)
                    text.append(byte)
                }
                continue
            }
            if byte == UInt8(ascii: "'") { quote = byte }
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            if isDigit && text.last == UInt8(ascii: "0") { continue }
            text.append(isDigit ? UInt8(ascii: "0") : byte)
        }
        return String(decoding: text, as: UTF8.self)
    }
}
