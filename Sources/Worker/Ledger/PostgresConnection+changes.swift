import Shared

extension PostgresConnection {
    /// Queues the statements that write `changes`, none for what is empty. Gives the users whose rows they make.
    func send(_ changes: LedgerChanges, _ seen: SeenUsers) throws(PostgresError) -> [UserRow] {
        if changes.inserts.count == 1 {
            try sendInsert(of: changes.inserts[0])
        } else if !changes.inserts.isEmpty {
            try send(Statements.insertTasks, PostgresConnection.columns(changes.inserts))
        }
        if changes.updates.count == 1 {
            try sendUpdate(of: changes.updates[0])
        } else if !changes.updates.isEmpty {
            try send(Statements.updateTasks, PostgresConnection.columns(changes.updates))
        }
        if changes.deletes.count == 1 {
            try sendDelete(of: changes.deletes[0])
        } else if !changes.deletes.isEmpty {
            var users = PostgresArray(of: .text, capacity: changes.deletes.count)
            var ids = PostgresArray(of: .uuid, capacity: changes.deletes.count)
            for key in changes.deletes {
                users.append(key.user.bytes)
                ids.append(key.id)
            }
            try send(Statements.deleteTasks, [.array(users), .array(ids)])
        }
        try sendRequests(changes)
        if !changes.letters.isEmpty { try sendLetters(changes) }
        if !changes.redriven.isEmpty {
            var flags = PostgresArray(of: .bool)
            for end in changes.redriven { flags.append(end.superseded) }
            try send(
                Statements.endRedrives,
                [.array(.uuids(changes.redriven.map(\.request))), .array(flags), .timestamp(changes.now)])
        }
        return try sendUsers(seen.unseen(changes.users))
    }

    private func sendRequests(_ changes: LedgerChanges) throws(PostgresError) {
        // In order of id: the newest page of the index stays in hands.
        // Places are sorted instead of rows, whose users would be counted at each comparison.
        let rows = changes.requests
        let order = rows.indices.map { (id: rows[$0].request, place: $0) }.sorted { $0.id < $1.id }
        let fresh = order.filter { rows[$0.place].redrive == 0 }.map(\.place)
        if fresh.count == 1 {
            try sendInsert(of: rows[fresh[0]], now: changes.now)
        } else if !fresh.isEmpty {
            try send(Statements.insertRequests, PostgresConnection.columns(rows, fresh, now: changes.now))
        }
        guard fresh.count < rows.count else { return }
        let redriven = order.filter { rows[$0.place].redrive > 0 }.map(\.place)
        try send(Statements.redriveRequests, PostgresConnection.columns(rows, redriven, now: changes.now))
    }

    private func sendUsers(_ rows: [UserRow]) throws(PostgresError) -> [UserRow] {
        guard !rows.isEmpty else { return [] }
        var ids = PostgresArray(of: .text, capacity: rows.count)
        var emails = PostgresArray(of: .text, capacity: rows.count)
        var names = PostgresArray(of: .text, capacity: rows.count)
        var times = PostgresArray(of: .timestamptz, capacity: rows.count)
        for row in rows {
            ids.append(row.user.bytes)
            emails.append(orNull: row.email)
            names.append(orNull: row.name)
            times.append(row.seenAt)
        }
        try send(Statements.upsertUsers, [.array(ids), .array(emails), .array(names), .array(times)])
        return rows
    }

    private func sendLetters(_ changes: LedgerChanges) throws(PostgresError) {
        var uuids = [PostgresArray](repeating: PostgresArray(of: .uuid), count: 2)
        var users = PostgresArray(of: .text)
        var lanes = PostgresArray(of: .int4)
        var operations = PostgresArray(of: .int2)
        var versions = PostgresArray(of: .int4)
        var births = PostgresArray(of: .timestamptz)
        var reasons = PostgresArray(of: .text)
        var signatures = PostgresArray(of: .text)
        var payloads = PostgresArray(of: .bytea)
        var attempts = PostgresArray(of: .jsonb)
        var redrives = PostgresArray(of: .int2)
        // The same bytes twice in a batch have one id, and one row.
        var unique: [UUID: LetterRow] = [:]
        for letter in changes.letters { unique[letter.request] = letter }
        for letter in unique.values.sorted(by: { $0.request < $1.request }) {
            uuids[0].append(letter.request)
            users.append(orNull: letter.user?.bytes)
            lanes.append(letter.lane.index)
            operations.append(orNull: letter.operation.map { Int($0.rawValue) })
            uuids[1].append(orNull: letter.task)
            versions.append(orNull: letter.mark.taskVersion.map { Int($0) })
            births.append(orNull: letter.mark.taskCreatedAt)
            reasons.append(letter.reason.rawValue)
            signatures.append(letter.signature)
            payloads.append(letter.payload)
            attempts.append(letter.attempts)
            redrives.append(letter.redrive)
        }
        try send(
            Statements.insertLetters,
            [
                .array(uuids[0]), .array(users), .array(lanes), .array(operations), .array(uuids[1]),
                .array(versions), .array(births), .array(reasons), .array(signatures), .array(payloads),
                .array(attempts), .array(redrives), .timestamp(changes.now),
            ])
    }

    private static func columns(_ tasks: [TaskItem]) -> [PostgresParameter] {
        var users = PostgresArray(of: .text, capacity: tasks.count)
        var ids = PostgresArray(of: .uuid, capacity: tasks.count)
        var titles = PostgresArray(of: .text, capacity: tasks.count)
        var descriptions = PostgresArray(of: .text, capacity: tasks.count)
        var flags = PostgresArray(of: .bool, capacity: tasks.count)
        var priorities = PostgresArray(of: .int2, capacity: tasks.count)
        var dues = PostgresArray(of: .timestamptz, capacity: tasks.count)
        var versions = PostgresArray(of: .int4, capacity: tasks.count)
        var births = PostgresArray(of: .timestamptz, capacity: tasks.count)
        var changes = PostgresArray(of: .timestamptz, capacity: tasks.count)
        for task in tasks {
            users.append(task.user.bytes)
            ids.append(task.id)
            titles.append(task.title)
            descriptions.append(orNull: task.description)
            flags.append(task.completed)
            priorities.append(orNull: task.priority.map { Int($0.rawValue) })
            dues.append(orNull: task.dueAt)
            versions.append(task.version)
            births.append(task.createdAt)
            changes.append(task.updatedAt)
        }
        return [
            .array(users), .array(ids), .array(titles), .array(descriptions), .array(flags),
            .array(priorities), .array(dues), .array(versions), .array(births), .array(changes),
        ]
    }

    private static func columns(
        _ rows: [RequestRow], _ places: [Int], now: Timestamp
    ) -> [PostgresParameter] {
        var requests = PostgresArray(of: .uuid, capacity: places.count)
        var users = PostgresArray(of: .text, capacity: places.count)
        var operations = PostgresArray(of: .int2, capacity: places.count)
        var tasks = PostgresArray(of: .uuid, capacity: places.count)
        var statuses = PostgresArray(of: .int2, capacity: places.count)
        var codes = PostgresArray(of: .text, capacity: places.count)
        var versions = PostgresArray(of: .int4, capacity: places.count)
        var redrives = PostgresArray(of: .int2, capacity: places.count)
        for place in places {
            let row = rows[place]
            requests.append(row.request)
            users.append(row.user.bytes)
            operations.append(row.operation.rawValue)
            tasks.append(row.task)
            statuses.append(row.verdict.status)
            codes.append(orNull: row.verdict.code?.rawValue)
            versions.append(orNull: row.verdict.version.map { Int($0) })
            redrives.append(row.redrive)
        }
        return [
            .array(requests), .array(users), .array(operations), .array(tasks), .array(statuses),
            .array(codes), .array(versions), .array(redrives), .timestamp(now),
        ]
    }
}
