internal import Shared

/// The content types that routes take, read from `Content-Type` (RFC 9110 §8.3).
enum MediaType: CaseIterable, Sendable {
    case json, mergePatch, ndjson

    var name: StaticString {
        switch self {
        case .json: "application/json"
        case .mergePatch: "application/merge-patch+json"
        case .ndjson: "application/x-ndjson"
        }
    }

    /// Nil for any other type, for parameters other than `charset=utf-8`, and for what is malformed.
    init?(_ value: [UInt8]) {
        var reader = FieldReader(value)
        reader.skipSpace()
        guard let type = reader.token(), reader.take("/"), let subtype = reader.token() else { return nil }
        let name = type + [UInt8(ascii: "/")] + subtype
        guard let found = MediaType.allCases.first(where: { name[...].equalsIgnoringCase($0.name) }),
            MediaType.hasOnlyCharsetUTF8(&reader)
        else { return nil }
        self = found
    }

    private static func hasOnlyCharsetUTF8(_ reader: inout FieldReader) -> Bool {
        while true {
            reader.skipSpace()
            if reader.isAtEnd { return true }
            guard reader.take(";") else { return false }
            reader.skipSpace()
            guard !reader.isAtEnd, reader.peek != UInt8(ascii: ";") else { continue }
            guard let name = reader.token(), reader.take("="),
                let value = reader.quotedString() ?? reader.token()
            else { return false }
            guard name[...].equalsIgnoringCase("charset"), value[...].equalsIgnoringCase("utf-8") else {
                return false
            }
        }
    }
}
