import CSystem
import Shared
import Support
import Testing

@Suite(.privatePostgres, .serialized) struct `The PostgreSQL sessions of a loop` {
    private static func connect(
        _ loop: EventLoop, url: String, waitingMax: Int = 1024,
        _ change: (inout PostgresOptions) -> Void = { _ in }
    ) async -> LoopPostgres {
        var options = PostgresOptions(url: url, applicationName: "test")
        options.replyTimeout = .seconds(5)
        change(&options)
        let postgres = LoopPostgres(loop: loop, options: options, waitingMax: waitingMax)
        await untilConnected(postgres, loop)
        return postgres
    }

    private static func untilConnected(_ postgres: LoopPostgres, _ loop: EventLoop) async {
        while !postgres.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
    }

    private static func number(_ postgres: LoopPostgres, _ sql: String) async -> Int? {
        do throws(PostgresError) {
            return try await postgres.query(PostgresStatement(sql)).first?.int(0)
        } catch { return nil }
    }

    private static func failure(_ postgres: LoopPostgres, _ statement: PostgresStatement) async
        -> PostgresError?
    {
        do throws(PostgresError) {
            _ = try await postgres.execute(statement)
            return nil
        } catch { return error }
    }

    @Test func `answer many statements at once, each its own`() throws {
        let url = PrivateDatabase.current.url
        let answers = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            let square = PostgresStatement(name: "square", "SELECT $1 * $1")
            var tasks: [Task<Void, Never>] = []
            let answers = Box<[Int: Int]>()
            answers.put([:])
            for number in 0..<200 {
                tasks.append(
                    loop.spawn {
                        let rows = try? await postgres.query(square, [.int8(Int64(number))])
                        var all = answers.take() ?? [:]
                        all[number] = rows?.first?.int(0)
                        answers.put(all)
                    })
            }
            for task in tasks { await task.value }
            postgres.stop()
            return answers.take() ?? [:]
        }
        #expect(answers?.count == 200)
        #expect(answers?.allSatisfy { $0.value == $0.key * $0.key } == true)
    }

    @Test func `keep an error from the statements beside it`() throws {
        let url = PrivateDatabase.current.url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            let wrong = PostgresStatement(name: "wrong", "SELECT 1 / $1::int4")
            var states: [String] = []
            for divisor in [Int32(0), 1, 0] {
                do throws(PostgresError) {
                    let rows = try await postgres.query(wrong, [.int4(divisor)])
                    states.append("\(rows.first?.int(0) ?? -1)")
                } catch { states.append("\(error.state.map(String.init(describing:)) ?? "none")") }
            }
            let unknown = await Self.failure(
                postgres, PostgresStatement(name: "unknown", "SELECT * FROM nowhere"))
            let again = await Self.failure(
                postgres, PostgresStatement(name: "unknown", "SELECT * FROM nowhere"))
            states += [unknown, again].map { "\($0?.state.map(String.init(describing:)) ?? "none")" }
            postgres.stop()
            return states
        }
        #expect(seen == ["22012", "1", "22012", "42P01", "42P01"])
    }

    /// Asks for all of `divisors` in one turn of the loop.
    private static func divide(
        by divisors: [Int32], _ postgres: LoopPostgres, _ loop: EventLoop
    ) async -> [String] {
        let divide = PostgresStatement(name: "divide", "SELECT 60 / $1::int4")
        let latch = Latch<Void>(on: loop)
        var answers = divisors.map { _ in "" }
        var left = divisors.count
        for (place, divisor) in divisors.enumerated() {
            postgres.read(divide, [.int4(divisor)]) { answer in
                switch answer {
                case .success(let rows): answers[place] += "\(rows.first?.int(0) ?? -1)"
                case .failure(let error): answers[place] += error.state.map { "\($0)" } ?? "\(error)"
                }
                left -= 1
                if left == 0 { latch.fulfil(()) }
            }
        }
        await latch.value()
        return answers
    }

    @Test(arguments: [true, false])
    func `answer each read of a turn, whichever of them fail`(isPrepared: Bool) throws {
        let url = PrivateDatabase.current.url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url) { $0.preparedStatements = isPrepared }
            var seen: [[String]] = []
            // The first of each session is prepared alone; from then on they go together.
            let turns = [[1], [1], [0, 1, 2, 3, 0, 5], [0, 0, 0], [1, 2, 3, 4, 5, 6, 10, 12, 0, 30, 60]]
            for divisors in turns {
                seen.append(await Self.divide(by: divisors.map { Int32($0) }, postgres, loop))
            }
            postgres.stop()
            return seen
        }
        #expect(seen?[2] == ["22012", "60", "30", "20", "22012", "12"])
        #expect(seen?[3] == ["22012", "22012", "22012"])
        #expect(seen?[4] == ["60", "30", "20", "15", "12", "10", "6", "5", "22012", "2", "1"])
    }

    @Test func `let the reads of a turn share a transaction, and nothing that may write`() throws {
        let url = PrivateDatabase.current.url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            let transaction = PostgresStatement(name: "transaction", "SELECT pg_current_xact_id()::text")
            _ = try? await postgres.query(transaction)
            while postgres.openCount < 2 { try? await loop.sleep(for: .milliseconds(1)) }
            _ = try? await postgres.query(transaction)
            let latch = Latch<Void>(on: loop)
            var reads: [String] = []
            for _ in 0..<3 {
                postgres.read(transaction, []) { answer in
                    reads.append((try? answer.get().first?.text(0)) ?? "none")
                    if reads.count == 3 { latch.fulfil(()) }
                }
            }
            let write = try? await postgres.execute(transaction).first?.text(0)
            await latch.value()
            postgres.stop()
            return (Set(reads).count, reads.contains(write ?? "none"))
        }
        #expect(seen?.0 == 1)
        #expect(seen?.1 == false)
    }

    @Test func `keep no more statements prepared than they may, and prepare what comes back anew`() throws {
        let url = PrivateDatabase.current.url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            var seen: [Int] = []
            for number in Array(0..<200) + [0, 199] {
                let statement = PostgresStatement(name: "number_\(number)", "SELECT \(number)")
                seen.append((try? await postgres.query(statement).first?.int(0)) ?? -1)
            }
            let kept = await Self.number(postgres, "SELECT count(*) FROM pg_prepared_statements") ?? -1
            postgres.stop()
            return (seen, kept)
        }
        #expect(seen?.0 == Array(0..<200) + [0, 199])
        #expect((1...128).contains(seen?.1 ?? -1))
    }

    @Test func `ask once more where a session was ended under them`() throws {
        let database = PrivateDatabase.current
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: database.url)
            // One session ends: the other must be there to be asked.
            while postgres.openCount < 2 { try? await loop.sleep(for: .milliseconds(2)) }
            let ended = await Self.failure(
                // It sleeps, or it might answer before it looks at the signal that it sent itself.
                postgres, PostgresStatement("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"))
            let next = await Self.number(postgres, "SELECT 7")
            postgres.stop()
            return ["\(ended?.description ?? "no failure")", "\(next ?? -1)"]
        }
        #expect(seen?[0].contains("57P01") == true, "\(seen ?? [])")
        #expect(seen?[1] == "7")
    }

    @Test func `refuse at once while the server is away, and come back with it`() throws {
        let server = try PrivatePostgres()
        let url = try PrivateDatabase(on: server).url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            var seen: [Bool] = [await Self.number(postgres, "SELECT 1") == 1]
            server.crash()
            while postgres.isConnected { try? await loop.sleep(for: .milliseconds(1)) }
            seen.append(
                await Self.failure(postgres, PostgresStatement("SELECT 2")) == .unreachable("not connected"))
            do { try server.start() } catch { return [false] }
            await Self.untilConnected(postgres, loop)
            seen.append(await Self.number(postgres, "SELECT 3") == 3)
            postgres.stop()
            return seen
        }
        server.stop()
        #expect(seen == [true, true, true])
    }

    @Test func `give a slow statement up in time, and go on with another session`() throws {
        let url = PrivateDatabase.current.url
        let seen = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url) { $0.replyTimeout = .milliseconds(200) }
            let slow = await Self.failure(postgres, PostgresStatement("SELECT pg_sleep(60)"))
            await Self.untilConnected(postgres, loop)
            let next = await Self.number(postgres, "SELECT 1")
            postgres.stop()
            return slow == .timeout && next == 1
        }
        #expect(seen == true)
    }

    @Test func `take no more statements than they may`() throws {
        let url = PrivateDatabase.current.url
        let refused = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url, waitingMax: 4) { $0.preparedStatements = false }
            let count = Box<Int>()
            count.put(0)
            var tasks: [Task<Void, Never>] = []
            for _ in 0..<10 {
                tasks.append(
                    loop.spawn {
                        let error = await Self.failure(postgres, PostgresStatement("SELECT pg_sleep(0.1)"))
                        if error == .overloaded { count.put((count.take() ?? 0) + 1) }
                    })
            }
            for task in tasks { await task.value }
            postgres.stop()
            return count.take() ?? -1
        }
        #expect(refused == 6)
    }

    @Test func `bring megabytes there and back`() throws {
        let url = PrivateDatabase.current.url
        let length = try onLoop { loop in
            let postgres = await Self.connect(loop, url: url)
            let large = String(repeating: "x", count: 5_000_000)
            let rows = try? await postgres.query(PostgresStatement("SELECT $1"), [.text(large)])
            postgres.stop()
            return rows?.first?.text(0).utf8.count ?? -1
        }
        #expect(length == 5_000_000)
    }
}
