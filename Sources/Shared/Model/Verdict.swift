/// What became of one mutation: a result of the domain, not a failure of ours.
package struct Verdict: Equatable, Sendable {
    /// Why a mutation did not take effect; raw values are the problem slugs of API.md §11.
    package enum Code: String, CaseIterable, Sendable {
        case taskNotFound = "task-not-found"
        case taskIDConflict = "task-id-conflict"
        case superseded = "superseded"
        case preconditionFailed = "precondition-failed"
        case deadLettered = "operation-dead-lettered"

        package var status: Int16 {
            switch self {
            case .taskNotFound: 404
            case .taskIDConflict, .superseded: 409
            case .preconditionFailed: 412
            case .deadLettered: 500
            }
        }

        package var title: StaticString {
            switch self {
            case .taskNotFound: "Task not found"
            case .taskIDConflict: "Task id already in use"
            case .superseded: "Overtaken by a later change"
            case .preconditionFailed: "Precondition failed"
            case .deadLettered: "The operation could not be applied"
            }
        }
    }

    /// 201, 200 or 204 where it took effect; else the status of `code`.
    package let status: Int16
    package let code: Code?
    /// The task's version after the mutation, or the current one where a precondition failed.
    package let version: Int32?

    package init(status: Int16, code: Code? = nil, version: Int32? = nil) {
        self.status = status
        self.code = code
        self.version = version
    }

    package static func created(version: Int32) -> Verdict { Verdict(status: 201, version: version) }
    package static func changed(version: Int32) -> Verdict { Verdict(status: 200, version: version) }
    package static let deleted = Verdict(status: 204)
    package static func refused(_ code: Code, version: Int32? = nil) -> Verdict {
        Verdict(status: code.status, code: code, version: version)
    }

    package var succeeded: Bool { code == nil }
}
