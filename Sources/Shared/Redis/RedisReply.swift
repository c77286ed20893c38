/// One reply of the server: a value, or a tree of them, held flat in two arrays however large it is.
///
/// A lane's prefix is an array of hundreds of strings; a tree of objects would cost an allocation for each.
package struct RedisReply: Sendable {
    /// What a reply can be. The bytes of `status`, `string` and `error` are lent by `withBytes`.
    package enum Kind: Equatable, Sendable {
        case null, status, string, error
        case integer(Int64)
        case array(count: Int)
    }

    struct Node: Sendable {
        var kind: Kind
        /// Where the bytes begin and how many there are.
        var offset = 0
        var length = 0
    }

    let nodes: [Node]
    let storage: [UInt8]
    private let place: Int

    init(nodes: [Node], storage: [UInt8]) {
        self.init(nodes: nodes, storage: storage, place: 0)
    }

    private init(nodes: [Node], storage: [UInt8], place: Int) {
        self.nodes = nodes
        self.storage = storage
        self.place = place
    }

    /// The replies `+OK` and `+QUEUED`.
    static let ok = status(Array("OK".utf8))
    static let queued = status(Array("QUEUED".utf8))

    private static func status(_ text: [UInt8]) -> RedisReply {
        RedisReply(nodes: [Node(kind: .status, offset: 0, length: text.count)], storage: text)
    }

    package var kind: Kind { nodes[place].kind }

    package var isNull: Bool { kind == .null }

    /// The number, or nil where the reply is none.
    package var integer: Int64? {
        if case .integer(let value) = kind { return value }
        return nil
    }

    /// How many elements an array has; 0 for anything else.
    package var count: Int {
        if case .array(let count) = kind { return count }
        return 0
    }

    /// Lends the bytes of a string, status or error; no bytes for anything else.
    package func withBytes<Value, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let node = nodes[place]
        return try body(storage.span.extracting(node.offset..<node.offset + node.length))
    }

    /// A copy of the bytes of a string, status or error; nil for anything else.
    package var bytes: [UInt8]? {
        switch kind {
        case .null, .integer, .array: return nil
        case .status, .string, .error:
            let node = nodes[place]
            return [UInt8](storage[node.offset..<node.offset + node.length])
        }
    }

    /// The bytes as text (U+FFFD for what is no UTF-8); nil where there are none.
    package var text: String? { bytes.map { String(decoding: $0, as: UTF8.self) } }

    /// The error that stands at this place (inside an array too), or nil.
    package var refusal: RedisRefusal? {
        kind == .error ? RedisRefusal(message: text ?? "") : nil
    }

    /// The element at `index` of an array of plain values, at once; of nested arrays, by walking there.
    package subscript(index: Int) -> RedisReply {
        precondition(index >= 0 && index < count, "a reply has no such element")
        // Every node but the first and the leaves' own: a flat array's elements stand side by side.
        if place == 0, nodes.count == count + 1 { return at(index + 1) }
        var element = place + 1
        for _ in 0..<index { element = next(after: element) }
        return at(element)
    }

    /// The number at `index` of an array, or nil where none stands there: without making a reply of it.
    package func integer(at index: Int) -> Int64? {
        guard index < count else { return nil }
        guard place == 0, nodes.count == count + 1 else { return self[index].integer }
        guard case .integer(let value) = nodes[index + 1].kind else { return nil }
        return value
    }

    /// Calls `body` with each element of an array, in order.
    package func forEach<Failure: Error>(_ body: (RedisReply) throws(Failure) -> Void) throws(Failure) {
        var element = place + 1
        for _ in 0..<count {
            try body(at(element))
            element = next(after: element)
        }
    }

    /// The elements of an array; empty for anything else.
    package var elements: [RedisReply] {
        var all: [RedisReply] = []
        all.reserveCapacity(count)
        forEach { all.append($0) }
        return all
    }

    private func at(_ place: Int) -> RedisReply { RedisReply(nodes: nodes, storage: storage, place: place) }

    /// The place behind the value at `place` and all that it holds.
    private func next(after place: Int) -> Int {
        var left = 1
        var cursor = place
        while left > 0 {
            if case .array(let count) = nodes[cursor].kind { left += count }
            left -= 1
            cursor += 1
        }
        return cursor
    }
}
