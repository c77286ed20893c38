import Shared

extension Command {
    static let keyCreate = Command(
        "key create", operands: "--user U --name N",
        summary: "makes an API key for a service and prints it, once",
        details: """
            The service sends it as Authorization: Bearer tlk_… and acts as user U.
            Only its hash is kept: who loses it needs another one.
            """,
        options: [
            Option("user", letter: "u", value: "U", "whose tasks the key reads and changes"),
            Option("name", letter: "n", value: "N", "what it is for, 1 to 100 characters"),
            Option("expires", value: "TIME", "how long it is good (90d); for ever without"),
        ]
    ) { session throws(CommandFailure) in
        guard let user = try session.arguments.user() else { throw .usage("key create needs --user U") }
        guard let name = session.arguments.value("name"), (1...100).contains(name.unicodeScalars.count) else {
            throw .usage("key create needs --name N, of 1 to 100 characters")
        }
        var expiresAt: Timestamp?
        if let text = session.arguments.value("expires") {
            expiresAt = Lanes.now + (try TimeText.duration(text, called: "--expires"))
        }
        let postgres = try session.postgres(try session.configuration())
        try postgres.ask("BEGIN")
        let made: (key: APIKey, id: UUID)
        do throws(PostgresError) {
            made = try APIKeyStore.create(user: user, name: name, expiresAt: expiresAt, on: postgres)
        } catch { throw CommandFailure(error) }
        try Audit.write(postgres, "key.create") { json in
            json.member("id", made.id)
            json.member("user_id", user.description)
            json.member("name", name)
        }
        try postgres.ask("COMMIT")
        let text = String(decoding: made.key.text, as: UTF8.self)
        guard session.wantsJSON else { return session.output.line(text) }
        session.output.object { json in
            json.member("id", made.id)
            json.member("key", text)
            json.member("user_id", user.description)
            json.member("name", name)
            json.member("expires_at", expiresAt)
        }
    }

    static let keyList = Command(
        "key list", operands: "[--user U]", summary: "API keys, the newest first; never the keys themselves",
        options: [Option("user", letter: "u", value: "U", "of this user only")]
    ) { session throws(CommandFailure) in
        let user = try session.arguments.user()
        let postgres = try session.postgres(try session.configuration())
        let keys: [APIKeyRecord]
        do throws(PostgresError) { keys = try APIKeyStore.list(user: user, on: postgres) } catch {
            throw CommandFailure(error)
        }
        if session.wantsJSON {
            for key in keys { session.output.object { json in key.encode(to: &json) } }
        } else if keys.isEmpty {
            session.output.line("there are no API keys: tasklane key create makes one")
        } else {
            keys.table(now: Lanes.now).print(to: session.output)
        }
    }

    static let keyRevoke = Command(
        "key revoke", operands: "ID", count: 1...1,
        summary: "takes an API key back, within five seconds everywhere",
        details: "ID is the key's id in tasklane key list."
    ) { session throws(CommandFailure) in
        guard let id = UUID(session.arguments.operands[0]) else {
            throw .usage(
                "\"\(session.arguments.operands[0])\" is no id of a key: tasklane key list shows them")
        }
        let postgres = try session.postgres(try session.configuration())
        try postgres.ask("BEGIN")
        let isKnown: Bool
        do throws(PostgresError) { isKnown = try APIKeyStore.revoke(id, on: postgres) } catch {
            throw CommandFailure(error)
        }
        guard isKnown else { throw .failed("there is no key \(id): tasklane key list shows all") }
        try Audit.write(postgres, "key.revoke") { json in json.member("id", id) }
        try postgres.ask("COMMIT")
        if session.wantsJSON {
            session.output.object { json in json.member("id", id) }
        } else {
            session.output.line("\(id) is revoked")
        }
    }
}

extension APIKeyRecord {
    fileprivate func encode(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("user_id", user.description)
        json.member("name", name)
        json.member("hint", hint)
        json.member("created_at", createdAt)
        json.member("expires_at", expiresAt)
        json.member("revoked_at", revokedAt)
    }
}

extension [APIKeyRecord] {
    fileprivate func table(now: Timestamp) -> Table {
        var table = Table([
            .text("ID"), .text("USER"), .text("NAME"), .text("KEY"), .number("AGE"), .text("STATE"),
        ])
        for key in self {
            let state: Table.Cell =
                key.revokedAt != nil
                ? Table.Cell("revoked", .yellow)
                : key.isGood(now: now)
                    ? Table.Cell(key.expiresAt.map { "until \($0)" } ?? "good")
                    : Table.Cell("expired", .yellow)
            table.add([
                Table.Cell("\(key.id)"), Table.Cell("\(key.user)"), Table.Cell(Readable.printable(key.name)),
                Table.Cell(key.hint + "…"), Table.Cell(Readable.age(now - key.createdAt)), state,
            ])
        }
        return table
    }
}
