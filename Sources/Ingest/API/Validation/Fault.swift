internal import Shared

/// One thing that is wrong with a request's content, as `errors` of a problem lists it (API.md §2).
struct Fault: Equatable, Sendable {
    /// What kind of thing; raw values are what clients see.
    enum Code: String, Sendable {
        case required
        case unknownMember = "unknown_member"
        case duplicateMember = "duplicate_member"
        case readOnly = "read_only"
        case wrongType = "wrong_type"
        case tooShort = "too_short"
        case tooLong = "too_long"
        case blank
        case controlCharacter = "control_character"
        case invalidValue = "invalid_value"
        case invalidTime = "invalid_time"
        case invalidUUID = "invalid_uuid"
        case invalidJSON = "invalid_json"
        case tooDeep = "too_deep"
        case keyReused = "idempotency_key_reused"
    }

    /// The line of a bulk, from 1.
    var line: Int?
    /// A JSON pointer as a URI fragment (RFC 6901 §6): `#/title`.
    var pointer: [UInt8]
    var code: Code
    /// The rule that was broken, in words; never the value that broke it.
    var detail: String
    var limit: Int?

    func encode(to json: inout JSONWriter) {
        json.beginObject()
        if let line {
            json.key("line")
            json.integer(line)
        }
        json.key("pointer")
        json.string(pointer)
        json.key("code")
        json.string(code.rawValue)
        json.key("detail")
        json.string(detail)
        if let limit {
            json.key("limit")
            json.integer(limit)
        }
        json.endObject()
    }
}

/// Gathers the faults of one content; knows the line and the pointer below which it is reading.
struct FaultList {
    /// Enough for every line of a bulk to be wrong twice; a bound, because a hostile body may have a fault every five bytes.
    static let countMax = 2000

    private(set) var faults: [Fault] = []
    /// Faults past the bound.
    private(set) var omitted = 0
    /// The line of a bulk that is being read.
    var line: Int?
    /// The pointer of the object that is being read.
    var base: [UInt8] = [UInt8(ascii: "#")]

    var isEmpty: Bool { faults.isEmpty }

    /// Every fault that was added, also those past the bound.
    var total: Int { faults.count + omitted }

    /// Adds a fault of the object itself.
    mutating func add(_ code: Fault.Code, _ detail: String, limit: Int? = nil) {
        append(Fault(line: line, pointer: base, code: code, detail: detail, limit: limit))
    }

    /// Adds a fault of the member called `name`.
    mutating func add(_ name: Span<UInt8>, _ code: Fault.Code, _ detail: String, limit: Int? = nil) {
        guard faults.count < FaultList.countMax else {
            omitted += 1
            return
        }
        append(
            Fault(
                line: line, pointer: JSONPointer.appending(name, to: base), code: code, detail: detail,
                limit: limit))
    }

    mutating func add(_ name: StaticString, _ code: Fault.Code, _ detail: String, limit: Int? = nil) {
        name.withUTF8Buffer { unsafe add($0.span, code, detail, limit: limit) }
    }

    private mutating func append(_ fault: Fault) {
        guard faults.count < FaultList.countMax else {
            omitted += 1
            return
        }
        faults.append(fault)
    }
}

/// JSON pointers in the form of a URI fragment (RFC 6901 §6).
enum JSONPointer {
    /// `base` with one reference token more; `~` and `/` are escaped, what no fragment may hold is percent-encoded.
    static func appending(_ name: Span<UInt8>, to base: [UInt8]) -> [UInt8] {
        var pointer = base
        pointer.append(UInt8(ascii: "/"))
        for place in 0..<name.count {
            let byte = name[place]
            switch byte {
            case UInt8(ascii: "~"): pointer.append("~0")
            case UInt8(ascii: "/"): pointer.append("~1")
            case _ where isFragment(byte): pointer.append(byte)
            default:
                pointer.append(UInt8(ascii: "%"))
                pointer.append(upperHex(byte >> 4))
                pointer.append(upperHex(byte & 15))
            }
        }
        return pointer
    }

    private static func upperHex(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "A") + digit - 10
    }

    /// pchar of RFC 3986 §3.3 without the percent sign, and `?`.
    private static func isFragment(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
            UInt8(ascii: "_"), UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"),
            UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","),
            UInt8(ascii: ";"), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "?"):
            true
        default: false
        }
    }
}
