import Testing

@testable import Worker

@Suite struct `An SQLSTATE` {
    @Test(arguments: ["22001", "22012", "23502", "23503", "23505", "23514", "23P01", "44000"])
    func `of the classes 22, 23 and 44 blames the mutation for good`(state: String) {
        #expect(
            FailureClass(sqlState: state, constraint: "c", table: "tasks_03") == .mutation(isRetryable: false)
        )
    }

    @Test func `P0001 blames it for now`() {
        #expect(FailureClass(sqlState: "P0001") == .mutation(isRetryable: true))
    }

    @Test(arguments: [
        "08006", "25006", "25P03", "26000", "28P01", "40001", "40P01", "42P01", "42501", "53100", "53300",
        "55P03",
        "57014", "57P01", "58030", "P0002", "XX000", "", "?",
    ])
    func `of any other class blames nobody`(state: String) {
        #expect(FailureClass(sqlState: state) == .outage)
    }

    @Test func `23514 without a constraint's name is a missing partition`() {
        #expect(FailureClass(sqlState: "23514", constraint: "") == .outage)
    }

    @Test func `23505 of the inbox means that somebody was there before`() {
        #expect(FailureClass(sqlState: "23505", constraint: "k", table: "requests_20261121") == .overtaken)
    }
}

@Suite struct `A signature` {
    private func signature(_ message: String) -> String {
        Attempt.signature(of: DatabaseFault(sqlState: "23514", message: message))
    }

    @Test func `is the same for the same cause on other rows`() {
        #expect(signature("no task 17 for 'ann' at 3") == signature("no task 2048 for 'bob' at 77"))
        #expect(signature("no task") != signature("no user"))
        #expect(signature("first\nsecond") == signature("first\nthird"))
    }
}
