internal import Shared

/// The operations of a bulk, line by line: good ones as intents, bad ones as faults (API.md §4).
struct BulkBody {
    /// One good line.
    struct Line {
        /// From 1, in the order of application.
        let number: Int
        let intent: Intent
    }

    enum Refusal: Error, Equatable {
        case tooManyLines
        case body(BodyRefusal)
    }

    static let linesMax = 1000

    private(set) var lines: [Line] = []
    private(set) var faults = FaultList()
    /// Numbers of the lines that have a fault, ascending.
    private(set) var badLines: [Int] = []

    /// Reads one JSON value a line; white space after the last line feed is no line.
    init(ndjson body: Span<UInt8>, reader: JSONReader) throws(Refusal) {
        var start = 0
        var number = 0
        while start < body.count {
            var end = start
            while end < body.count, body[end] != 0x0A { end += 1 }
            let line = body.extracting(start..<end)
            let isLast = end >= body.count - 1 || BulkBody.isBlank(body.extracting(end..<body.count))
            start = isLast ? body.count : end + 1
            if isLast, BulkBody.isBlank(line) { break }
            number += 1
            guard number <= BulkBody.linesMax else { throw .tooManyLines }
            read(line, number: number, reader: reader)
        }
        guard number > 0 else { throw BulkBody.empty }
    }

    /// Reads a JSON array; its first element is line 1.
    init(array body: Span<UInt8>, reader: JSONReader) throws(Refusal) {
        var bulk = BulkBody()
        let outcome: Swift.Result<Void, Refusal>
        do throws(JSONError) {
            outcome = try reader.read(body) { (document) throws(Refusal) in
                guard case .array(let count) = document.kind(at: document.root) else {
                    var faults = FaultList()
                    faults.add(.wrongType, "must be a JSON array of operations")
                    throw .body(BodyRefusal(faults))
                }
                guard count > 0 else { throw BulkBody.empty }
                guard count <= BulkBody.linesMax else { throw .tooManyLines }
                var number = 0
                document.forEachElement(of: document.root) { element in
                    number += 1
                    bulk.read(document, at: element, number: number)
                }
            }
        } catch { throw .body(BodyRefusal(error)) }
        try outcome.get()
        self = bulk
    }

    private init() {}

    private static var empty: Refusal {
        var faults = FaultList()
        faults.add(.tooShort, "must have at least one operation", limit: 1)
        return .body(BodyRefusal(faults))
    }

    /// JSON's white space only.
    private static func isBlank(_ text: Span<UInt8>) -> Bool {
        for place in 0..<text.count {
            let byte = text[place]
            guard byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D else { return false }
        }
        return true
    }

    private mutating func read(_ line: Span<UInt8>, number: Int, reader: JSONReader) {
        do throws(JSONError) {
            _ = try reader.read(line) { (document) throws(Never) in
                read(document, at: document.root, number: number)
            }
        } catch {
            faults.line = number
            switch error {
            case .tooDeep: faults.add(.tooDeep, "must not be nested deeper than 16", limit: 16)
            case .invalid, .outOfMemory: faults.add(.invalidJSON, "must be one JSON value")
            }
            badLines.append(number)
        }
    }

    private mutating func read(_ document: borrowing JSONDocument, at place: Int, number: Int) {
        faults.line = number
        let before = faults.total
        let operation = BulkOperation(document, at: place, faults: &faults)
        if faults.total == before, let intent = operation.intent {
            lines.append(Line(number: number, intent: intent))
        } else {
            badLines.append(number)
        }
    }
}
