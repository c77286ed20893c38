import Synchronization
import Testing

@testable import Shared

/// Runs `main` on a loop of its own and gives what it returns.
private func onLoop<Value: Sendable>(_ main: @escaping @Sendable (EventLoop) async -> Value) throws -> Value {
    let result = Mutex<Value?>(nil)
    let group = try LoopGroup(count: 1, name: "test")
    try group.run { loop in
        let value = await main(loop)
        result.withLock { $0 = value }
    }
    return try #require(result.withLock { $0 })
}

@Suite struct `The event loop` {
    @Test func `runs a task and its children on its own thread, also after waits`() throws {
        let places = try onLoop { loop in
            var places = [loop.isCurrent]
            try? await loop.sleep(for: .milliseconds(1))
            places.append(loop.isCurrent)
            async let child = { loop.isCurrent }()
            places.append(await child)
            let latch = Latch<Bool>(on: loop)
            loop.spawn { latch.fulfil(loop.isCurrent) }
            places.append(await latch.value())
            return places
        }
        #expect(places == [true, true, true, true])
    }

    @Test func `fires timers in order and not those that were cancelled`() throws {
        let fired = try onLoop { loop in
            let done = Latch<Void>(on: loop)
            var fired: [Int] = []
            var timers: [LoopTimer] = []
            for number in (0..<1000).shuffled() {
                timers.append(
                    loop.schedule(at: loop.now + .microseconds(number * 10)) {
                        fired.append(number)
                    })
                if number % 2 == 1 { loop.cancel(timers.removeLast()) }
            }
            _ = loop.schedule(at: loop.now + .milliseconds(30)) { done.fulfil(()) }
            await done.value()
            for timer in timers { loop.cancel(timer) }
            return fired
        }
        #expect(fired == Array(stride(from: 0, to: 1000, by: 2)))
    }

    @Test func `takes work from other threads in their order`() throws {
        let order = try onLoop { loop in
            let done = Latch<Void>(on: loop)
            let order = Mutex<[Int]>([])
            nonisolated(unsafe) let confined = done
            _ = try? startThread(name: "other") {
                for number in 0..<1000 { loop.submit { order.withLock { $0.append(number) } } }
                loop.submit { unsafe confined.fulfil(()) }
            }
            await done.value()
            return order.withLock { $0 }
        }
        #expect(order == Array(0..<1000))
    }

    @Test func `calls the hooks of a turn's end before it sleeps`() throws {
        let turns = try onLoop { loop in
            var turns = 0
            let latch = Latch<Void>(on: loop)
            loop.onTurnEnd {
                turns += 1
                if turns == 2 { latch.fulfil(()) } else { loop.submit {} }
            }
            await latch.value()
            return turns
        }
        #expect(turns == 2)
    }

    @Test func `stops all loops of a group with one signal`() throws {
        let stop = StopSignal()
        let stopped = Mutex(0)
        let group = try LoopGroup(count: 3, name: "test")
        try group.run { loop in
            if loop.index == 2 { stop.raise() }
            await stop.wait(on: loop)
            stopped.withLock { $0 += 1 }
        }
        #expect(stopped.withLock { $0 } == 3)
        #expect(stop.isRaised)
    }
}

@Suite struct `A latch` {
    private func describe<Value>(_ outcome: Latch<Value>.Outcome) -> String {
        switch outcome {
        case .value(let value): "\(value)"
        case .timedOut: "timed out"
        case .cancelled: "cancelled"
        }
    }

    @Test func `keeps a value that nobody waits for yet`() throws {
        let outcome = try onLoop { loop in
            let latch = Latch<Int>(on: loop)
            latch.fulfil(7)
            return self.describe(await latch.wait(until: loop.now))
        }
        #expect(outcome == "7")
    }

    @Test func `gives up at its deadline and refuses what comes later`() throws {
        let outcome = try onLoop { loop in
            let latch = Latch<Int>(on: loop)
            let outcome = self.describe(await latch.wait(until: loop.now + .milliseconds(2)))
            return "\(outcome) \(latch.fulfil(1)) \(latch.isFinished)"
        }
        #expect(outcome == "timed out false true")
    }

    @Test func `ends the wait of a cancelled task, before and during it`() throws {
        let outcomes = try onLoop { loop in
            var outcomes: [String] = []
            for isEarly in [true, false] {
                let latch = Latch<Int>(on: loop)
                let done = Latch<String>(on: loop)
                let task = loop.spawn { done.fulfil(self.describe(await latch.wait())) }
                if !isEarly { try? await loop.sleep(for: .milliseconds(1)) }
                task.cancel()
                outcomes.append(await done.value())
            }
            return outcomes
        }
        #expect(outcomes == ["cancelled", "cancelled"])
    }

    @Test func `that must be waited for takes no notice of cancellation`() throws {
        let outcome = try onLoop { loop in
            let latch = Latch<Int>(on: loop)
            let done = Latch<Int>(on: loop)
            let task = loop.spawn { done.fulfil(await latch.value()) }
            task.cancel()
            try? await loop.sleep(for: .milliseconds(1))
            latch.fulfil(5)
            return await done.value()
        }
        #expect(outcome == 5)
    }
}
