internal import CSimdJSON

/// Why a text is not a JSON document that we take.
package enum JSONError: Error, Equatable, Sendable {
    /// Not one JSON value of RFC 8259 in UTF-8, or a byte order mark, a lone surrogate, trailing data.
    case invalid
    /// More nested arrays and objects than the reader was made for.
    case tooDeep
    case outOfMemory
}

/// Parses JSON texts with simdjson, strictly; its buffers are kept between texts. Not shared between threads.
@safe package final class JSONReader {
    private let parser: OpaquePointer

    /// - Parameter depthMax: how many arrays and objects may be nested.
    package init(depthMax: Int = 16) {
        guard let parser = unsafe tl_json_parser_new(depthMax) else {
            preconditionFailure("out of memory for a JSON parser")
        }
        unsafe self.parser = parser
    }

    deinit { unsafe tl_json_parser_free(parser) }

    /// Parses `text` whole and lends the document to `body`; the document does not outlive the call.
    package func read<Value, Failure: Error>(
        _ text: Span<UInt8>, _ body: (borrowing JSONDocument) throws(Failure) -> Value
    ) throws(JSONError) -> Swift.Result<Value, Failure> {
        var nodes: UnsafePointer<tl_json_node>?
        var count = 0
        let status = unsafe text.withUnsafeBufferPointer { bytes in
            unsafe tl_json_parse(parser, bytes.baseAddress, bytes.count, &nodes, &count)
        }
        switch Int(status) {
        case TL_JSON_OK: break
        case TL_JSON_TOO_DEEP: throw .tooDeep
        case TL_JSON_NO_MEMORY: throw .outOfMemory
        default: throw .invalid
        }
        let document = unsafe JSONDocument(nodes: UnsafeBufferPointer(start: nodes, count: count))
        do throws(Failure) { return .success(try body(document)) } catch { return .failure(error) }
    }
}

/// A parsed text: values addressed by their place in it. Borrowed from a `JSONReader` for one closure.
@safe package struct JSONDocument: ~Copyable {
    fileprivate let nodes: UnsafeBufferPointer<tl_json_node>

    fileprivate init(nodes: UnsafeBufferPointer<tl_json_node>) { unsafe self.nodes = nodes }

    /// The kinds of JSON values; numbers are told apart by what holds them exactly.
    package enum Kind: Equatable, Sendable {
        case null
        case boolean(Bool)
        case integer(Int64)
        case unsigned(UInt64)
        case double(Double)
        case string
        case array(count: Int)
        case object(count: Int)
    }

    /// The place of the outermost value.
    package var root: Int { 0 }

    @inline(__always)
    package func kind(at place: Int) -> Kind {
        let node = unsafe nodes[place]
        switch unsafe Int(node.kind) {
        case TL_JSON_NULL: return .null
        case TL_JSON_FALSE: return .boolean(false)
        case TL_JSON_TRUE: return .boolean(true)
        case TL_JSON_INTEGER: return unsafe .integer(node.value.integer)
        case TL_JSON_UNSIGNED: return unsafe .unsigned(node.value.unsigned_integer)
        case TL_JSON_DOUBLE: return unsafe .double(node.value.number)
        case TL_JSON_STRING: return .string
        case TL_JSON_ARRAY: return unsafe .array(count: Int(node.length))
        default: return unsafe .object(count: Int(node.length))
        }
    }

    /// The unescaped UTF-8 bytes of the string at `place` (which must be a string), lent to `body`.
    @inline(__always)
    package func withString<Value, Failure: Error>(
        at place: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let node = unsafe nodes[place]
        precondition(unsafe Int(node.kind) == TL_JSON_STRING, "not a string: ask kind(at:) first")
        let bytes = unsafe UnsafeBufferPointer(start: node.value.bytes, count: Int(node.length))
        return try body(unsafe bytes.span)
    }

    /// A copy of the string at `place`, or nil where there is no string.
    @inline(__always)
    package func string(at place: Int) -> [UInt8]? {
        guard kind(at: place) == .string else { return nil }
        let node = unsafe nodes[place]
        return unsafe [UInt8](UnsafeBufferPointer(start: node.value.bytes, count: Int(node.length)))
    }

    /// True when the string at `place` has exactly the bytes of `text`.
    package func isString(_ text: StaticString, at place: Int) -> Bool {
        let node = unsafe nodes[place]
        guard unsafe Int(node.kind) == TL_JSON_STRING, unsafe Int(node.length) == text.utf8CodeUnitCount
        else {
            return false
        }
        return text.withUTF8Buffer { expected in
            unsafe expected.elementsEqual(UnsafeBufferPointer(start: node.value.bytes, count: expected.count))
        }
    }

    /// The place after the value at `place`: the next element, or the next member's key.
    package func next(after place: Int) -> Int { unsafe Int(nodes[place].next) }

    /// Calls `body(key place, value place)` for each member of the object at `place`, in the text's order.
    @inline(__always)
    package func forEachMember<Failure: Error>(
        of place: Int, _ body: (Int, Int) throws(Failure) -> Void
    ) throws(Failure) {
        guard case .object(let count) = kind(at: place) else { return }
        var key = place + 1
        for _ in 0..<count {
            try body(key, key + 1)
            key = next(after: key + 1)
        }
    }

    /// Calls `body(place)` for each element of the array at `place`, in order.
    package func forEachElement<Failure: Error>(
        of place: Int, _ body: (Int) throws(Failure) -> Void
    ) throws(Failure) {
        guard case .array(let count) = kind(at: place) else { return }
        var element = place + 1
        for _ in 0..<count {
            try body(element)
            element = next(after: element)
        }
    }

    /// The members of the object at `place`, to be taken in the order in which they are expected.
    package func members(of place: Int) -> JSONMembers {
        guard case .object(let count) = kind(at: place) else {
            return JSONMembers(object: place, next: place, left: 0)
        }
        return JSONMembers(object: place, next: place + 1, left: count)
    }

    /// The value of the member called `name`, or nil: at once where it is the next one, or where there is none left.
    package func take(_ name: StaticString, from members: inout JSONMembers) -> Int? {
        guard members.left > 0 else { return nil }
        guard isString(name, at: members.next) else { return member(name, of: members.object) }
        let value = members.next + 1
        members.next = next(after: value)
        members.left -= 1
        return value
    }

    /// The value of the first member called `name`, or nil. For texts of our own; duplicates are not looked for.
    package func member(_ name: StaticString, of place: Int) -> Int? {
        guard case .object(let count) = kind(at: place) else { return nil }
        var key = place + 1
        for _ in 0..<count {
            if isString(name, at: key) { return key + 1 }
            key = next(after: key + 1)
        }
        return nil
    }
}

/// How far the members of an object have been taken by `JSONDocument.take`. Our own texts have them in one order, and
/// then each is found by one comparison; any other order is as good, and slower.
package struct JSONMembers {
    fileprivate let object: Int
    /// The key of the first member that was not taken in order, and how many there are from it on.
    fileprivate var next: Int
    fileprivate var left: Int
}
