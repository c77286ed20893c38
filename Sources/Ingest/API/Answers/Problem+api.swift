internal import Shared

extension Problem {
    /// 400 `invalid-parameter`: what the parameter or header called `name` must be. Never its value.
    static func parameter(_ name: [UInt8]?, _ rule: String) -> Problem {
        guard let name, name.count <= 64, name.allSatisfy(ByteClass.isVisible) else {
            return Problem(.invalidParameter, detail: rule)
        }
        let text = String(decoding: name, as: UTF8.self)
        var json = JSONWriter(capacity: 96)
        json.beginObject()
        json.key("parameter")
        json.string(text)
        json.key("detail")
        json.string(rule)
        json.endObject()
        return Problem(
            .invalidParameter, detail: "\(text) \(rule)",
            members: Array("\"errors\":[".utf8) + json.bytes + [UInt8(ascii: "]")])
    }

    static func parameter(_ name: StaticString, _ rule: String) -> Problem {
        parameter(Array("\(name)".utf8), rule)
    }

    static let malformedIdempotencyKey = Problem(
        .invalidIdempotencyKey,
        detail: "Idempotency-Key must be 1 to 255 visible ASCII characters, quoted or bare")

    /// Redis or PostgreSQL did not answer.
    /// - Parameter accepted: for mutations, whether it may have been queued; nil for reads.
    static func storageUnavailable(accepted: Accepted?) -> Problem {
        var problem = Problem(.storageUnavailable)
        switch accepted {
        case nil: problem.detail = "the store does not answer: try again later"
        case .no:
            problem.detail = "the mutation was not accepted: try again later"
            problem.members = Array("\"accepted\":false".utf8)
        case .unknown:
            problem.detail =
                "it is not known whether the mutation was accepted: try again with the same Idempotency-Key"
            problem.members = Array("\"accepted\":\"unknown\"".utf8)
        }
        return problem.retryAfter(seconds: 2)
    }

    enum Accepted { case no, unknown }

    init(_ refusal: BodyRefusal) {
        switch refusal {
        case .invalidJSON:
            self.init(.invalidJSON, detail: "the body must be one JSON value of RFC 8259 in UTF-8")
        case .tooDeep: self.init(.invalidJSON, detail: "the body must not be nested deeper than 16")
        case .faults(let faults, let omitted): self.init(faults: faults, omitted: omitted)
        }
    }

    /// 400 with one entry for each fault.
    init(faults: [Fault], omitted: Int, type: ProblemType = .validationFailed) {
        let count = faults.count + omitted
        self.init(
            type,
            detail: count == 1
                ? "the content breaks a rule: see errors" : "the content breaks \(count) rules: see errors",
            members: FaultList.members(faults, omitted: omitted))
    }
}

extension FaultList {
    /// The members `errors` and `errors_omitted` without the braces around them.
    static func members(_ faults: [Fault], omitted: Int) -> [UInt8] {
        var json = JSONWriter(capacity: 64 + faults.count * 96)
        json.key("errors")
        json.beginArray()
        for fault in faults { fault.encode(to: &json) }
        json.endArray()
        if omitted > 0 {
            json.key("errors_omitted")
            json.integer(omitted)
        }
        return json.bytes
    }
}
