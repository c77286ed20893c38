internal import Shared

/// The place in a list after which the next page begins: the sort value and the id of the last task (keyset).
struct ListCursor: Equatable {
    /// The value of the sort column; nil for null.
    enum Key: Equatable {
        case time(Timestamp?)
        case text([UInt8])
    }

    let key: Key
    let id: UUID
}

/// Makes cursors opaque and unforgeable: base64url of the place and a code over place, user, filter and sort.
final class CursorSealer {
    private let code: HMACSHA256

    private static let codeBytes = 16

    /// - Parameter idKey: `id_key` of the settings; the cursors' own key is derived from it.
    init(idKey: [UInt8]) {
        code = HMACSHA256(key: HMACSHA256(key: idKey).code(of: Array("cursor".utf8)).bytes)
    }

    func seal(_ cursor: ListCursor, user: UserID, query: TaskListQuery) -> [UInt8] {
        var bytes: [UInt8] = []
        cursor.id.appendBigEndian(to: &bytes)
        switch cursor.key {
        case .time(nil): bytes.append(0)
        case .time(let time?):
            bytes.append(1)
            bytes.appendDecimal(time.micros)
        case .text(let text):
            bytes.append(2)
            bytes += text
        }
        return Base64URL.encode(mac(bytes, user, query) + bytes)
    }

    /// Nil for anything that `seal` did not make for this user and this query.
    func open(_ text: [UInt8], user: UserID, query: TaskListQuery) -> ListCursor? {
        // A title has 255 scalars of 4 bytes at most.
        guard text.count <= 1600, let sealed = Base64URL.decode(text),
            sealed.count >= CursorSealer.codeBytes + 17
        else { return nil }
        let bytes = Array(sealed[CursorSealer.codeBytes...])
        guard ConstantTime.equal(mac(bytes, user, query), Array(sealed[..<CursorSealer.codeBytes])) else {
            return nil
        }
        let value = Array(bytes[17...])
        let id = UUID(bigEndian: bytes.span)
        switch (bytes[16], query.sort) {
        case (0, .dueAt): return ListCursor(key: .time(nil), id: id)
        case (1, .createdAt), (1, .updatedAt), (1, .dueAt):
            guard let micros = CursorSealer.integer(value) else { return nil }
            return ListCursor(key: .time(Timestamp(micros: micros)), id: id)
        case (2, .title): return ListCursor(key: .text(value), id: id)
        default: return nil
        }
    }

    private func mac(_ bytes: [UInt8], _ user: UserID, _ query: TaskListQuery) -> [UInt8] {
        var message: [UInt8] = []
        for part in [user.bytes, query.canonical, bytes] {
            message.appendDecimal(Int64(part.count))
            message.append(UInt8(ascii: ":"))
            message += part
        }
        return Array(code.code(of: message).bytes[..<CursorSealer.codeBytes])
    }

    private static func integer(_ text: [UInt8]) -> Int64? {
        let isNegative = text.first == UInt8(ascii: "-")
        var value: Int64 = 0
        for byte in text[(isNegative ? 1 : 0)...] {
            let digit = byte &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            let (tens, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = tens.addingReportingOverflow(Int64(digit))
            guard !overflow, !overflowed else { return nil }
            value = sum
        }
        return isNegative ? -value : value
    }
}
