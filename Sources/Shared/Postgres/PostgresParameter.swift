/// One parameter of a statement, sent in binary with its type; nil is NULL.
package enum PostgresParameter: Sendable {
    case bool(Bool?)
    case int2(Int16?)
    case int4(Int32?)
    case int8(Int64?)
    case text(String?)
    /// UTF-8 bytes of a text.
    case utf8([UInt8]?)
    case bytea([UInt8]?)
    case jsonb([UInt8]?)
    case uuid(UUID?)
    case timestamp(Timestamp?)
    case array(PostgresArray)

    var typeNumber: UInt32 {
        switch self {
        case .bool: PostgresType.bool.rawValue
        case .int2: PostgresType.int2.rawValue
        case .int4: PostgresType.int4.rawValue
        case .int8: PostgresType.int8.rawValue
        case .text, .utf8: PostgresType.text.rawValue
        case .bytea: PostgresType.bytea.rawValue
        case .jsonb: PostgresType.jsonb.rawValue
        case .uuid: PostgresType.uuid.rawValue
        case .timestamp: PostgresType.timestamptz.rawValue
        case .array(let array): array.type.arrayNumber
        }
    }

    /// Appends the binary form; false for NULL.
    func encode(to bytes: inout [UInt8]) -> Bool {
        switch self {
        case .bool(let value?): bytes.append(value ? 1 : 0)
        case .int2(let value?): bytes.appendNetwork(Int64(value), size: 2)
        case .int4(let value?): bytes.appendNetwork(Int64(value), size: 4)
        case .int8(let value?): bytes.appendNetwork(value, size: 8)
        case .text(let value?): bytes.append(contentsOf: value.utf8)
        case .utf8(let value?), .bytea(let value?): bytes.append(contentsOf: value)
        case .jsonb(let value?):
            bytes.append(1)
            bytes.append(contentsOf: value)
        case .uuid(let value?): value.appendBigEndian(to: &bytes)
        case .timestamp(let value?): bytes.appendNetwork(value.micros - PostgresType.epochMicros, size: 8)
        case .array(let array): array.encode(to: &bytes)
        case .bool(nil), .int2(nil), .int4(nil), .int8(nil), .text(nil), .utf8(nil), .bytea(nil), .jsonb(nil),
            .uuid(nil), .timestamp(nil):
            return false
        }
        return true
    }
}
