internal import Shared

/// The parameters behind the `?`, decoded as forms are (`+` is a space); each name once.
struct QueryParameters {
    /// Why a query is refused; becomes 400 `invalid-parameter`.
    enum Refusal: Error {
        case malformed
        case unknown([UInt8])
        case repeated([UInt8])
    }

    private var pairs: [(name: ArraySlice<UInt8>, value: ArraySlice<UInt8>)] = []

    /// - Parameter known: the names that the route takes; any other is refused.
    init(_ query: ArraySlice<UInt8>?, known: [StaticString]) throws(Refusal) {
        guard var rest = query else { return }
        while !rest.isEmpty {
            let end = rest.firstIndex(of: UInt8(ascii: "&")) ?? rest.endIndex
            let part = rest[..<end]
            rest = rest[min(end + 1, rest.endIndex)...]
            guard !part.isEmpty else { continue }
            let equals = part.firstIndex(of: UInt8(ascii: "=")) ?? part.endIndex
            guard let name = QueryParameters.decoded(part[..<equals]),
                let value = QueryParameters.decoded(part[min(equals + 1, part.endIndex)...])
            else { throw .malformed }
            guard known.contains(where: { name.equals($0) }) else { throw .unknown(Array(name)) }
            guard !pairs.contains(where: { $0.name == name }) else { throw .repeated(Array(name)) }
            pairs.append((name, value))
        }
    }

    subscript(_ name: StaticString) -> [UInt8]? {
        pairs.first { $0.name.equals(name) }.map { Array($0.value) }
    }

    /// Nil for a percent sign without two digits, and for what is no UTF-8 or holds U+0000.
    private static func decoded(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        if text.allSatisfy(isPlain) { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): bytes.append(0x20)
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(ByteClass.hexValue),
                    let low = rest.popFirst().flatMap(ByteClass.hexValue)
                else { return nil }
                bytes.append(high << 4 | low)
            default: bytes.append(byte)
            }
        }
        guard !bytes.contains(0), String(validating: bytes, as: UTF8.self) != nil else { return nil }
        return bytes[...]
    }

    /// True for a byte that stands for itself.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "%") && byte != UInt8(ascii: "+")
    }
}

extension QueryParameters.Refusal {
    var problem: Problem {
        switch self {
        case .malformed: .parameter(nil, "the query is not well-formed percent-encoded UTF-8")
        case .unknown(let name): .parameter(name, "is not a parameter of this route")
        case .repeated(let name): .parameter(name, "must be given once")
        }
    }
}
