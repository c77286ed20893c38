import Foundation
import Support

/// What became of everything that writers had accepted.
struct Tally: CustomStringConvertible {
    var accepted = 0
    /// Accepted, but neither applied nor reported.
    var lost = 0
    /// More versions than accepted changes.
    var duplicated = 0
    /// Applied in another order than accepted.
    var reordered = 0
    var complaints: [String] = []
    var secondsToDrain = 0.0

    var isClean: Bool { lost == 0 && duplicated == 0 && reordered == 0 && complaints.isEmpty }

    var description: String {
        "accepted \(accepted), lost \(lost), duplicated \(duplicated), reordered \(reordered), drained after "
            + "\(String(format: "%.1f", secondsToDrain)) s"
            + complaints.prefix(5).map { "\n  " + $0 }.joined()
    }

    /// Asks for the outcome of each request until all are done, `patience` seconds at most.
    mutating func add(
        _ records: [(writer: Writer, record: Writer.Record)], client: HTTPClient, token: (String) -> String,
        patience: Double = 60
    ) {
        let start = Date()
        for (writer, record) in records {
            accepted += record.accepted.count
            complaints += record.complaints
            let versions = outcomes(
                of: record.accepted, client: client, token: token(writer.user),
                until: start.addingTimeInterval(patience))
            judge(record.accepted, versions: versions)
            judgeTask(of: writer, accepted: record.accepted.count, client: client, token: token(writer.user))
        }
        secondsToDrain = Date().timeIntervalSince(start)
    }

    private mutating func judge(_ accepted: [String], versions: [String: Int]) {
        for (place, id) in accepted.enumerated() {
            guard let version = versions[id] else {
                lost += 1
                complaints.append("\(id) (number \(place)) has no outcome")
                continue
            }
            if version != place + 1 {
                reordered += 1
                complaints.append("\(id) is number \(place + 1) and became version \(version)")
            }
        }
    }

    private mutating func judgeTask(of writer: Writer, accepted: Int, client: HTTPClient, token: String) {
        guard accepted > 0 else { return }
        let path = "/api/\(writer.user)/tasks/00000000-0000-7000-8000-000000000001"
        var read: Answer?
        // Workers may be back before ingest's own sessions for reads are: a 503 asks to come again.
        eventually(seconds: 10) {
            read = try? client.send("GET", path, token: token)
            return read?.status == 200
        }
        guard let answer = read, let version = answer.json["version"] as? Int else {
            complaints.append("\(writer.user)'s task cannot be read")
            return
        }
        if version > accepted { duplicated += version - accepted }
        if version < accepted { lost += accepted - version }
        if answer.json["title"] as? String != "n\(accepted - 1)" {
            reordered += 1
            complaints.append("\(writer.user)'s task ends as \(answer.text) after \(accepted) changes")
        }
    }

    /// Version by request id, for those that succeeded.
    private mutating func outcomes(of ids: [String], client: HTTPClient, token: String, until: Date)
        -> [String: Int]
    {
        var versions: [String: Int] = [:]
        var open = ids
        eventually(seconds: until.timeIntervalSinceNow) {
            var still: [String] = []
            for chunk in stride(from: 0, to: open.count, by: 100).map({ open[$0..<min($0 + 100, open.count)] }
            ) {
                let path = "/api/requests?ids=" + chunk.joined(separator: ",")
                guard let answer = try? client.send("GET", path, token: token), answer.status == 200 else {
                    still += chunk
                    continue
                }
                for case let request as [String: Any] in answer.json["requests"] as? [Any] ?? [] {
                    guard let id = request["id"] as? String else { continue }
                    guard request["done"] as? Bool == true else {
                        still.append(id)
                        continue
                    }
                    let etag = (request["result"] as? [String: Any])?["etag"] as? String ?? ""
                    if let version = Int(etag.filter(\.isNumber)) {
                        versions[id] = version
                    } else {
                        complaints.append("\(id) ended as \(request)")
                    }
                }
            }
            open = still
            return still.isEmpty
        }
        return versions
    }
}
