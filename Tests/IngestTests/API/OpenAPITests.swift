import Foundation
import Shared
import Testing

@testable import Ingest

@Suite struct `The OpenAPI document` {
    private let document: [String: Any]

    init() throws {
        let data = Data(OpenAPI.document(.apiWithAccounts))
        document = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    private func schema(_ name: String) throws -> [String: Any] {
        let components = try #require(document["components"] as? [String: Any])
        let schemas = try #require(components["schemas"] as? [String: Any])
        return try #require(schemas[name] as? [String: Any])
    }

    private func members(_ json: [UInt8]) throws -> Set<String> {
        let object = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
        return Set(try #require(object).keys)
    }

    private func properties(_ name: String) throws -> Set<String> {
        Set(try #require(try schema(name)["properties"] as? [String: Any]).keys)
    }

    @Test func `has every route and no other`() throws {
        let paths = try #require(document["paths"] as? [String: [String: Any]])
        let said = Set(paths.flatMap { path, operations in operations.keys.map { "\($0) \(path)" } })
        let there = Set(
            RouteTable.apiWithAccounts.routes.map { "\("\($0.method.name)".lowercased()) \($0.template)" })
        #expect(said == there)
    }

    @Test func `refers to nothing that is not there`() throws {
        let text = String(decoding: OpenAPI.document(.api), as: UTF8.self)
        let components = try #require(document["components"] as? [String: [String: Any]])
        for part in text.components(separatedBy: "\"#/components/").dropFirst() {
            let path = part.prefix { $0 != "\"" }.split(separator: "/")
            #expect(components[String(path[0])]?[String(path[1])] != nil, "\(path)")
        }
    }

    @Test func `describes the task as it is written`() throws {
        let user = try #require(UserID("u1"))
        let time = Timestamp(micros: 0)
        var json = JSONWriter()
        TaskItem(user: user, id: UUID(high: 1, low: 2), title: [65], createdAt: time, updatedAt: time).encode(
            to: &json)
        #expect(try members(json.bytes) == properties("Task"))
        #expect(try Set(#require(try schema("Task")["required"] as? [String])) == properties("Task"))
    }

    @Test func `describes the request's resource as it is written`() throws {
        let user = try #require(UserID("u1"))
        let id = UUID(high: 1, low: 2)
        let states: [RequestResource.State] = [
            .queued, .unaccounted, .retrying(attempts: 1, nextAttemptAt: Timestamp(micros: 0)),
            .done(.created(version: 1), task: nil),
            .done(.refused(.preconditionFailed, version: 2), task: nil),
        ]
        let answer = RequestAnswer(retention: .seconds(1), nowMicros: 0)
        for state in states {
            let resource = RequestResource(
                id: id, user: user, state: state, operation: .create, task: id, attempts: 1,
                finishedAt: Timestamp(micros: 0))
            #expect(try members(answer.body(.resource(resource))).isSubset(of: properties("Request")))
        }
        let mutation = Mutation(
            id: id, user: user, task: id, acceptedAt: Timestamp(micros: 0), change: .delete)
        #expect(
            try members(Acceptances(retention: .seconds(1)).response(Receipt(mutation), of: user).body)
                .isSubset(of: properties("Request")))
    }

    @Test func `says the numbers of the rules`() throws {
        let properties = try #require(try schema("NewTask")["properties"] as? [String: [String: Any]])
        #expect(properties["title"]?["maxLength"] as? Int == 255)
        #expect(properties["description"]?["maxLength"] as? Int == 1000)
        #expect(try schema("Bulk")["maxItems"] as? Int == 1000)
    }

    @Test(arguments: ProblemType.allCases) func `has a page for each problem`(type: ProblemType) {
        let page = String(decoding: ProblemPage.html(type), as: UTF8.self)
        #expect(page.contains("\(type.slug)") && page.contains("\(type.status)"))
    }
}
