internal import Shared

/// What a client sent to one of the account routes, checked.
struct AccountFields: Sendable {
    /// One thing that is wrong with the body, as `errors` of a problem lists it (API.md §2).
    struct Fault {
        let pointer: String
        let code: StaticString
        let detail: StaticString
        var limit: Int?
    }

    /// A body that is wrong in these ways.
    struct Faults: Error {
        let faults: [Fault]
        /// The text is no JSON at all.
        var isNoJSON = false

        var problem: Problem {
            if isNoJSON { return Problem(.invalidJSON, detail: "send one JSON object") }
            var json = JSONWriter()
            json.beginArray()
            for fault in faults {
                json.beginObject()
                json.key("pointer")
                json.string(fault.pointer)
                json.key("code")
                json.string(fault.code)
                json.key("detail")
                json.string(fault.detail)
                if let limit = fault.limit {
                    json.key("limit")
                    json.integer(limit)
                }
                json.endObject()
            }
            json.endArray()
            return Problem(
                .validationFailed,
                detail: faults.count == 1
                    ? "the content breaks a rule: see errors"
                    : "the content breaks \(faults.count) rules: see errors",
                members: Array(#""errors":"#.utf8) + json.bytes)
        }
    }

    private let values: [StaticName: [UInt8]]

    /// Members by their names; `StaticString` itself cannot be a key.
    private struct StaticName: Hashable {
        let bytes: [UInt8]
        init(_ name: StaticString) { bytes = name.withUTF8Buffer { unsafe Array($0) } }
        init(_ bytes: [UInt8]) { self.bytes = bytes }
    }

    static let passwordScalarsMin = 8
    static let passwordBytesMax = 1024

    /// Reads a JSON object with exactly the members `names`, all of them text.
    init(_ body: ArraySlice<UInt8>, names: [StaticString]) throws(Faults) {
        let known = names.map { StaticName($0) }
        var values: [StaticName: [UInt8]] = [:]
        var faults: [Fault] = []
        let reader = JSONReader()
        do throws(JSONError) {
            _ = try reader.read(body.span) { document throws(Never) in
                guard case .object = document.kind(at: document.root) else {
                    return faults.append(
                        Fault(pointer: "#", code: "wrong_type", detail: "send a JSON object"))
                }
                document.forEachMember(of: document.root) { (key, value) throws(Never) in
                    let name = StaticName(document.string(at: key) ?? [])
                    guard known.contains(name) else {
                        return faults.append(
                            Fault(pointer: "#", code: "unknown_member", detail: "a member is not known"))
                    }
                    let pointer = "#/" + String(decoding: name.bytes, as: UTF8.self)
                    guard values[name] == nil else {
                        return faults.append(
                            Fault(pointer: pointer, code: "duplicate_member", detail: "must stand once"))
                    }
                    values[name] = document.string(at: value) ?? []
                    if document.kind(at: value) != .string {
                        faults.append(Fault(pointer: pointer, code: "wrong_type", detail: "must be a string"))
                    }
                }
                for name in known where values[name] == nil {
                    let pointer = "#/" + String(decoding: name.bytes, as: UTF8.self)
                    faults.append(Fault(pointer: pointer, code: "required", detail: "is required"))
                }
            }
        } catch { throw Faults(faults: [], isNoJSON: true) }
        guard faults.isEmpty else { throw Faults(faults: faults) }
        self.values = values
    }

    subscript(_ name: StaticString) -> [UInt8] { values[StaticName(name)] ?? [] }

    /// Checks what a new account must have; for a login the address only has to be found.
    func checkForRegistration() throws(Faults) {
        var faults: [Fault] = []
        if !EmailAddress.isWellFormed(self["email"]) {
            faults.append(
                Fault(
                    pointer: "#/email", code: "invalid_value",
                    detail: "must be an e-mail address of ASCII letters"))
        }
        let password = self["password"]
        if String(decoding: password, as: UTF8.self).unicodeScalars.count < Self.passwordScalarsMin {
            faults.append(
                Fault(
                    pointer: "#/password", code: "too_short", detail: "must have at least 8 characters",
                    limit: Self.passwordScalarsMin))
        }
        if password.count > Self.passwordBytesMax {
            faults.append(
                Fault(
                    pointer: "#/password", code: "too_long", detail: "must have at most 1024 bytes",
                    limit: Self.passwordBytesMax))
        }
        let name = self["name"]
        if name.allSatisfy({ $0 == UInt8(ascii: " ") }) {
            faults.append(Fault(pointer: "#/name", code: "blank", detail: "must not be blank"))
        }
        if name.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
            faults.append(
                Fault(
                    pointer: "#/name", code: "control_character", detail: "must not have control characters"))
        }
        if String(decoding: name, as: UTF8.self).unicodeScalars.count > 255 {
            faults.append(
                Fault(
                    pointer: "#/name", code: "too_long", detail: "must have at most 255 characters",
                    limit: 255))
        }
        guard faults.isEmpty else { throw Faults(faults: faults) }
    }
}
