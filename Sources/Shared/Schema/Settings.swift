/// The settings of a deployment: truth is in PostgreSQL, Redis holds a copy (`tl:meta`).
package struct Settings: Equatable, Sendable {
    package let schemaVersion: Int
    package let lanes: Int
    /// 32 bytes: request ids and cursors carry codes made with it.
    package let idKey: [UInt8]

    package init(schemaVersion: Int, lanes: Int, idKey: [UInt8]) {
        self.schemaVersion = schemaVersion
        self.lanes = lanes
        self.idKey = idKey
    }

    /// Reads them from PostgreSQL.
    package static func read(_ session: PostgresConnection) throws(SchemaError) -> Settings {
        var found: [String: String] = [:]
        do throws(PostgresError) {
            let exists = try session.query(PostgresStatement("SELECT to_regclass('settings') IS NOT NULL"))
            guard exists.first?.bool(0) == true else {
                throw PostgresError.server(PostgresServerError(state: "42P01"))
            }
            for row in try session.query(PostgresStatement("SELECT name, value FROM settings")) {
                found[row.text(0)] = row.text(1)
            }
        } catch {
            if error.state == "42P01" { throw .older(found: 0, known: Migration.latest) }
            throw .database(error)
        }
        guard let version = found["schema_version"].flatMap({ Int($0) }) else {
            throw .damaged(setting: "schema_version")
        }
        guard let lanes = found["lanes"].flatMap({ Int($0) }), lanes > 0 else {
            throw .damaged(setting: "lanes")
        }
        guard let key = found["id_key"].flatMap({ Hex.decode(Array($0.utf8)) }), key.count == 32 else {
            throw .damaged(setting: "id_key")
        }
        return Settings(schemaVersion: version, lanes: lanes, idKey: key)
    }

    /// As a daemon does at its start: the schema is this build's, the lanes are the configuration's.
    package static func check(_ session: PostgresConnection, lanes: Int) throws(SchemaError) -> Settings {
        let settings = try read(session)
        if settings.schemaVersion < Migration.latest {
            throw .older(found: settings.schemaVersion, known: Migration.latest)
        }
        if settings.schemaVersion > Migration.latest {
            throw .newer(found: settings.schemaVersion, known: Migration.latest)
        }
        guard settings.lanes == lanes else { throw .lanes(found: settings.lanes, configured: lanes) }
        return settings
    }

    /// Puts the copy into a Redis that lost it, or never had it; one that holds something else is an error.
    package func restore(to queue: any Queue) async throws(SchemaError) {
        let copy = fields
        let held: [String: [UInt8]]
        do throws(QueueError) {
            try await queue.restore(settings: copy)
            held = try await queue.settings()
        } catch { throw .queue(error) }
        for (name, value) in copy where held[name] != value { throw .foreignRedis(setting: name) }
    }

    /// Name and value of each, as both stores keep them, but for the version: that follows the migrations.
    private var fields: [String: [UInt8]] {
        ["lanes": Array("\(lanes)".utf8), "id_key": Hex.encode(idKey)]
    }
}
