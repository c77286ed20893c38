internal import CSimdJSON

/// Why a text is not a JSON document that we take.
@usableFromInline
package enum JSONError: Error, Equatable, Sendable {
    /// Not one JSON value of RFC 8259 in UTF-8, or a byte order mark, a lone surrogate, trailing data.
    case invalid
    /// More nested arrays and objects than the reader was made for.
    case tooDeep
    case outOfMemory
}

/// Parses JSON texts with simdjson, strictly; its buffers are kept between texts. Not shared between threads.
@usableFromInline
@safe package final class JSONReader {
    private let parser: OpaquePointer

    /// - Parameter depthMax: how many arrays and objects may be nested.
    package init(depthMax: Int = 16) {
        guard let parser = unsafe tl_json_parser_new(depthMax) else {
            preconditionFailure("out of memory for a JSON parser")
        }
        unsafe self.parser = parser
        precondition(JSONNode.isAsInC, "the nodes of the shim are not laid out as they are read")
    }

    deinit { unsafe tl_json_parser_free(parser) }

    /// Parses `text` whole and lends the document to `body`; the document does not outlive the call.
    @inlinable @inline(__always)
    package func read<Value, Failure: Error>(
        _ text: Span<UInt8>, _ body: (borrowing JSONDocument) throws(Failure) -> Value
    ) throws(JSONError) -> Swift.Result<Value, Failure> {
        let document = try parse(text)
        do throws(Failure) { return .success(try body(document)) } catch { return .failure(error) }
    }

    @usableFromInline
    func parse(_ text: Span<UInt8>) throws(JSONError) -> JSONDocument {
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
        // The same layout: checked by `JSONNode.isAsInC` when the reader was made.
        let first = unsafe UnsafeRawPointer(nodes)?.assumingMemoryBound(to: JSONNode.self)
        return unsafe JSONDocument(nodes: UnsafeBufferPointer(start: first, count: count))
    }
}

/// One node as the shim lays it out (`tl_json_node`), for Swift to see: what other modules are to have inlined must not
/// name a type of C.
@usableFromInline
@safe struct JSONNode {
    /// The numbers that the shim gives to the kinds.
    @usableFromInline
    enum Kind {
        @inlinable static var null: UInt32 { 0 }
        @inlinable static var `false`: UInt32 { 1 }
        @inlinable static var `true`: UInt32 { 2 }
        @inlinable static var integer: UInt32 { 3 }
        @inlinable static var unsigned: UInt32 { 4 }
        @inlinable static var double: UInt32 { 5 }
        @inlinable static var string: UInt32 { 6 }
        @inlinable static var array: UInt32 { 7 }
    }

    @usableFromInline let kind: UInt32
    @usableFromInline let next: UInt32
    @usableFromInline let length: UInt32
    /// A number, or the address of a string's bytes.
    @usableFromInline let bits: UInt64

    /// A string's bytes; only where `kind` says so.
    @inlinable @inline(__always)
    var text: UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: UnsafePointer(bitPattern: UInt(bits)), count: Int(length))
    }

    static var isAsInC: Bool {
        unsafe MemoryLayout<JSONNode>.stride == MemoryLayout<tl_json_node>.stride
            && MemoryLayout<JSONNode>.offset(of: \.kind) == MemoryLayout<tl_json_node>.offset(of: \.kind)
            && MemoryLayout<JSONNode>.offset(of: \.next) == MemoryLayout<tl_json_node>.offset(of: \.next)
            && MemoryLayout<JSONNode>.offset(of: \.length) == MemoryLayout<tl_json_node>.offset(of: \.length)
            && MemoryLayout<JSONNode>.offset(of: \.bits) == MemoryLayout<tl_json_node>.offset(of: \.value)
            && Int(Kind.null) == TL_JSON_NULL && Int(Kind.false) == TL_JSON_FALSE
            && Int(Kind.true) == TL_JSON_TRUE && Int(Kind.integer) == TL_JSON_INTEGER
            && Int(Kind.unsigned) == TL_JSON_UNSIGNED && Int(Kind.double) == TL_JSON_DOUBLE
            && Int(Kind.string) == TL_JSON_STRING && Int(Kind.array) == TL_JSON_ARRAY
    }
}

/// A parsed text: values addressed by their place in it. Borrowed from a `JSONReader` for one closure.
@usableFromInline
@safe package struct JSONDocument: ~Copyable {
    @usableFromInline let nodes: UnsafeBufferPointer<JSONNode>

    fileprivate init(nodes: UnsafeBufferPointer<JSONNode>) { unsafe self.nodes = nodes }

    /// The kinds of JSON values; numbers are told apart by what holds them exactly.
    @usableFromInline
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
    @inlinable package var root: Int { 0 }

    @inlinable @inline(__always)
    package func kind(at place: Int) -> Kind {
        let node = unsafe nodes[place]
        switch node.kind {
        case JSONNode.Kind.null: return .null
        case JSONNode.Kind.false: return .boolean(false)
        case JSONNode.Kind.true: return .boolean(true)
        case JSONNode.Kind.integer: return .integer(Int64(bitPattern: node.bits))
        case JSONNode.Kind.unsigned: return .unsigned(node.bits)
        case JSONNode.Kind.double: return .double(Double(bitPattern: node.bits))
        case JSONNode.Kind.string: return .string
        case JSONNode.Kind.array: return .array(count: Int(node.length))
        default: return .object(count: Int(node.length))
        }
    }

    @inlinable @inline(__always)
    func isString(at place: Int) -> Bool { unsafe nodes[place].kind == JSONNode.Kind.string }

    /// The unescaped UTF-8 bytes of the string at `place` (which must be a string), lent to `body`.
    @inlinable @inline(__always)
    package func withString<Value, Failure: Error>(
        at place: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        precondition(isString(at: place), "not a string: ask kind(at:) first")
        let bytes = unsafe nodes[place].text
        return try body(unsafe bytes.span)
    }

    /// A copy of the string at `place`, or nil where there is no string.
    @inlinable @inline(__always)
    package func string(at place: Int) -> [UInt8]? {
        guard isString(at: place) else { return nil }
        return unsafe [UInt8](nodes[place].text)
    }

    /// True when the string at `place` has exactly the bytes of `text`.
    @inlinable @inline(__always)
    package func isString(_ text: StaticString, at place: Int) -> Bool {
        guard isString(at: place) else { return false }
        return unsafe nodes[place].text.span.isEqual(to: text)
    }

    /// The place after the value at `place`: the next element, or the next member's key.
    @inlinable @inline(__always)
    package func next(after place: Int) -> Int { unsafe Int(nodes[place].next) }

    /// Calls `body(key place, value place)` for each member of the object at `place`, in the text's order.
    @inlinable @inline(__always)
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
