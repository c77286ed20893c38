// The event loop: one thread, one epoll, and a Swift `TaskExecutor` on top.
//
// Overview (all but `submit`, `isCurrent`, `enqueue` and `stop` is for the loop's own thread, checked by
// `assertOnLoop()`):
//
//     let group = LoopGroup(count: 4, name: "ingest") // threads; see LoopGroup.swift
//     try group.run { loop in … }                   // an async main for each loop, on that loop
//
//     loop.now, loop.wallMicros                     // clocks, read once for each turn
//     loop.register(fd, interest, handler) -> Registration // handler.ready(_:) on each event; modify, deregister
//     loop.onTurnEnd { … }                          // just before the loop sleeps: flush pipelines here
//     loop.schedule(at:) { … } -> LoopTimer, loop.cancel(timer)
//     loop.spawn { await … } -> Task                // an async body that never leaves this loop
//     loop.start { await … } -> LoopTask            // the same, cheaper: for one body a request
//     try await loop.sleep(for:)                    // throws CancellationError
//     Latch<Value>(on: loop)                        // one value, one waiter, timeout, cancellation
//     loop.submit { … }                             // from any other thread
//
// What lives on one loop is a plain class without locks and without `Sendable`: the compiler keeps it from
// crossing threads, `spawn` keeps the tasks that use it on the loop. The one unchecked step is `Confined`.
internal import CSystem
internal import Synchronization

/// One thread that waits for descriptors, times and jobs, and runs what becomes ready, in order.
///
/// `@unchecked Sendable` is safe because the reference travels between threads while the state does not. Other threads may
/// call `submit`, `enqueue`, `stop` and `isCurrent`, which touch `remote` (a mutex) and what never changes once the loop
/// runs: its descriptors and its identity. All else is for the loop's own thread, and each entrance to it says so by
/// `assertOnLoop`, which every test checks and a release build leaves out.
@safe package final class EventLoop: TaskExecutor, @unchecked Sendable {
    /// Place of this loop in its group, from 0.
    package let index: Int

    let epollFD: Int32
    private let wakeFD: Int32
    private let events: UnsafeMutablePointer<epoll_event>
    private static let eventsMax = 256
    /// Jobs that one turn runs before it looks at the descriptors again.
    private static let jobsPerTurnMax = 4096

    let remote = Mutex(RemoteWork())
    var ready: [UnownedJob] = []
    var descriptors: [DescriptorSlot] = []
    var timers = TimerHeap()
    var idleRunners: [Runner] = []
    private var turnEndHooks: [() -> Void] = []
    private var stopping = false

    /// The monotonic clock at the start of this turn.
    package private(set) var now = LoopInstant(nanoseconds: tl_monotonic_nanos())
    /// The wall clock at the start of this turn, in microseconds since 1970.
    package private(set) var wallMicros = tl_now_micros()

    /// Makes the loop; it runs when a thread calls `run()`.
    package init(index: Int = 0) throws(SystemError) {
        self.index = index
        self.epollFD = try retrying("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
        self.wakeFD = try retrying("eventfd") { eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK)) }
        unsafe self.events = .allocate(capacity: Self.eventsMax)
        ready.reserveCapacity(256)
        _ = try retrying("epoll_ctl") {
            tl_epoll_ctl(epollFD, EPOLL_CTL_ADD, wakeFD, EPOLLIN.rawValue, Self.wakeDatum)
        }
    }

    deinit {
        close(wakeFD)
        close(epollFD)
        unsafe events.deallocate()
    }

    /// Runs the loop on the calling thread until `stop()`. Call it once.
    package func run() {
        precondition(tl_thread_slot() == 0, "this thread runs a loop already")
        tl_set_thread_slot(identity)
        defer { tl_set_thread_slot(0) }
        while !stopping { turn() }
        endIdleRunners()
        runReadyJobs()
        // They hold what lives on this loop.
        turnEndHooks = []
        timers = TimerHeap()
    }

    /// Ends `run()` after the turn that is under way; from any thread.
    package func stop() { submit { self.stopping = true } }

    /// True on the loop's own thread.
    package var isCurrent: Bool { tl_thread_slot() == identity }

    /// Dies, in debug builds, when called on another thread.
    package func assertOnLoop() { assert(isCurrent, "state of this loop was touched from another thread") }

    /// Calls `hook` at the end of each turn, just before the loop sleeps; until the loop ends, so that what it holds
    /// lives as long. It may hold it: a weak reference would make each count of its references a slow one.
    package func onTurnEnd(_ hook: @escaping () -> Void) {
        assertOnLoop()
        turnEndHooks.append(hook)
    }

    /// Reads the clocks again, in the middle of a long turn.
    package func refreshClocks() {
        now = LoopInstant(nanoseconds: tl_monotonic_nanos())
        wallMicros = tl_now_micros()
    }

    // MARK: The turn

    private func turn() {
        let count = unsafe epoll_wait(epollFD, events, Int32(Self.eventsMax), timeoutMillis())
        refreshClocks()
        // -1 is EINTR here: the other errors of epoll_wait are those of wrong arguments.
        for place in 0..<max(0, Int(count)) {
            let event = unsafe events + place
            dispatch(unsafe tl_epoll_datum(event), unsafe tl_epoll_events(event))
        }
        while let action = timers.takeDue(at: now) { action() }
        runReadyJobs()
        for hook in turnEndHooks { hook() }
    }

    private func timeoutMillis() -> Int32 {
        if !ready.isEmpty || stopping { return 0 }
        guard let next = timers.next() else { return -1 }
        let nanos = next.nanoseconds - tl_monotonic_nanos()
        if nanos <= 0 { return 0 }
        return Int32(min((nanos + 999_999) / 1_000_000, 60_000))
    }

    private func runReadyJobs() {
        var place = 0
        while place < ready.count, place < Self.jobsPerTurnMax {
            let job = ready[place]
            place += 1
            unsafe job.runSynchronously(on: asUnownedTaskExecutor())
        }
        if place == ready.count {
            ready.removeAll(keepingCapacity: true)
        } else {
            ready.removeFirst(place)
        }
    }

    private static let wakeDatum = UInt64.max

    private func dispatch(_ datum: UInt64, _ events: UInt32) {
        if datum == Self.wakeDatum { return takeRemoteWork() }
        let fd = Int(truncatingIfNeeded: datum & 0xFFFF_FFFF)
        // A handler earlier in this turn may have closed this descriptor, and another may have got its
        // number.
        guard fd < descriptors.count, descriptors[fd].generation == UInt32(datum >> 32),
            let handler = descriptors[fd].handler
        else { return }
        handler.ready(Readiness(events: events))
    }

    // MARK: Work from other threads

    struct RemoteWork {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        var isWoken = false
    }

    private func takeRemoteWork() {
        var count: UInt64 = 0
        _ = unsafe read(wakeFD, &count, 8)
        let work = remote.withLock { work in
            let taken = work
            work = RemoteWork()
            return taken
        }
        ready.append(contentsOf: work.jobs)
        for action in work.actions { action() }
    }

    func wake() {
        var one: UInt64 = 1
        _ = unsafe write(wakeFD, &one, 8)
    }

    private var identity: UInt64 { UInt64(UInt(bitPattern: ObjectIdentifier(self))) }
}
