internal import Shared

/// The answer to a mutation whose client waited until it was done: table 3 of API.md, or the verdict as a problem.
struct VerdictAnswer {
    let resource: RequestResource
    let returnsMinimal: Bool
    let instance: CorrelationID

    func response() -> Response {
        guard case .done(let verdict, let task) = resource.state else { return lost() }
        var response = verdict.succeeded ? success(verdict, task) : failure(verdict)
        Acceptances.addSyncToken(resource.id, to: &response)
        return response
    }

    private func success(_ verdict: Verdict, _ task: TaskItem?) -> Response {
        let status = Int(verdict.status)
        if status == 204 { return Response(status: 204) }
        var response = Response(status: returnsMinimal && status == 200 ? 204 : status)
        if !returnsMinimal {
            response.contentType = .json
            response.body = body(task)
        }
        if status == 201, let id = resource.task {
            response.add("Location", TaskPath.text(user: resource.user, task: id))
        }
        if let version = verdict.version { response.add("ETag", ETag.text(version: version)) }
        return response
    }

    /// The task; the request's resource where the task has changed since and PostgreSQL told the verdict.
    private func body(_ task: TaskItem?) -> [UInt8] {
        guard let task else { return resource.encode() }
        var json = JSONWriter(capacity: 420)
        task.encode(to: &json)
        return json.bytes
    }

    private func failure(_ verdict: Verdict) -> Response {
        var problem = Problem(VerdictAnswer.type(of: verdict))
        problem.detail = VerdictAnswer.detail(of: verdict)
        var json = JSONWriter(capacity: 128)
        json.key("request_id")
        json.uuid(resource.id)
        if let version = verdict.version {
            json.key("etag")
            json.string(ETag.text(version: version))
        }
        if let reason = resource.reason {
            json.key("reason")
            json.string(reason)
        }
        problem.members = json.bytes
        var response = problem.response(instance: instance)
        if let version = verdict.version { response.add("ETag", ETag.text(version: version)) }
        return response
    }

    /// Redis lost the mutation after it was accepted.
    private func lost() -> Response {
        let detail = "the accepted mutation was lost by the store: send it again"
        var response = Problem(.internal, detail: detail).response(instance: instance)
        Acceptances.addSyncToken(resource.id, to: &response)
        return response
    }

    static func type(of verdict: Verdict) -> ProblemType {
        switch verdict.code {
        case .taskNotFound: .taskNotFound
        case .taskIDConflict: .taskIDConflict
        case .superseded: .superseded
        case .preconditionFailed: .preconditionFailed
        case .deadLettered: .operationDeadLettered
        case nil: .internal
        }
    }

    private static func detail(of verdict: Verdict) -> String? {
        switch verdict.code {
        case .taskNotFound: "there was no such task when the mutation was applied"
        case .taskIDConflict: "this user has a task with this id already"
        case .superseded: "a later change of the task has overtaken this one"
        case .preconditionFailed: "the task's version is none of those in If-Match"
        case .deadLettered: "the mutation was set aside for an operator"
        case nil: nil
        }
    }
}
