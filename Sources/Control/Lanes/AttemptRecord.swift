import Shared

/// The failed tries of one mutation, as `tl:{NNN}:attempts` and `dead_letters.attempts` hold them: a JSON array.
struct AttemptRecord {
    struct Attempt {
        let at: Timestamp?
        let worker: String
        let sqlState: String
        let message: String

        /// `23514 new row violates …`
        var error: String { sqlState.isEmpty ? message : "\(sqlState) \(message)" }
    }

    private(set) var attempts: [Attempt] = []

    /// Anything that is no such array is no attempts.
    init(_ text: [UInt8]?, reader: JSONReader) {
        guard let text, !text.isEmpty else { return }
        var found: [Attempt] = []
        do throws(JSONError) {
            _ = try reader.read(text.span) { (document) throws(Never) in
                document.forEachElement(of: document.root) { (place) throws(Never) in
                    found.append(Attempt(document, at: place))
                }
            }
        } catch { return }
        attempts = found
    }

    var lastError: String? { attempts.last?.error }

    func encode(to json: inout JSONWriter) {
        json.beginArray()
        for attempt in attempts {
            json.beginObject()
            json.member("at", attempt.at)
            json.member("worker", attempt.worker)
            json.member("sqlstate", attempt.sqlState)
            json.member("message", attempt.message)
            json.endObject()
        }
        json.endArray()
    }

    /// One line for each try.
    func lines(now: Timestamp) -> [String] {
        attempts.enumerated().map { number, attempt in
            let age =
                attempt.at.map { Readable.age(seconds: Double(now.micros - $0.micros) / 1e6) + " ago" } ?? ""
            return "\(number + 1). \(age) on \(attempt.worker): \(attempt.error)"
        }
    }
}

extension AttemptRecord.Attempt {
    fileprivate init(_ document: borrowing JSONDocument, at place: Int) {
        at = document.timestamp("at", of: place)
        worker = AttemptRecord.Attempt.words(document.bytes("worker", of: place))
        sqlState = AttemptRecord.Attempt.words(document.bytes("sqlstate", of: place))
        message = AttemptRecord.Attempt.words(document.bytes("message", of: place))
    }

    private static func words(_ bytes: [UInt8]?) -> String {
        Readable.printable(String(decoding: bytes ?? [], as: UTF8.self))
    }
}
