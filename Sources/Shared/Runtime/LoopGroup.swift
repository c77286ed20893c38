internal import CSystem
internal import Synchronization

/// The loops of a program, each on its own thread.
package struct LoopGroup: Sendable {
    /// The loops, in order of their `index`.
    package let loops: [EventLoop]
    private let name: String

    /// Makes `count` loops; their threads start with `run`.
    package init(count: Int, name: String) throws(SystemError) {
        precondition(count > 0, "a group has at least one loop")
        var loops: [EventLoop] = []
        for index in 0..<count { loops.append(try EventLoop(index: index)) }
        self.loops = loops
        self.name = name
    }

    /// Runs `main` once on each loop and returns when all have returned; blocks the calling thread.
    ///
    /// What `main` makes is confined to its loop. A loop ends with its `main`, and its spawned tasks with it.
    package func run(_ main: @escaping @Sendable (EventLoop) async -> Void) throws(SystemError) {
        var threads: [pthread_t] = []
        defer { for thread in threads { pthread_join(thread, nil) } }
        for loop in loops {
            threads.append(
                try startThread(name: "\(name)-\(loop.index)") {
                    loop.submit {
                        loop.spawn {
                            await main(loop)
                            loop.stop()
                        }
                    }
                    loop.run()
                })
        }
    }
}

/// Starts a thread that runs `body`; the caller joins it.
func startThread(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) -> pthread_t {
    final class Start {
        let name: String
        let body: @Sendable () -> Void
        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
    let start = unsafe Unmanaged.passRetained(Start(name: String(name.prefix(15)), body: body))
    var thread = pthread_t()
    let status = unsafe pthread_create(
        &thread, nil,
        { argument in
            guard let argument = unsafe argument else { return nil }
            let start = unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
            unsafe tl_name_thread(start.name)
            start.body()
            return nil
        }, start.toOpaque())
    guard status == 0 else {
        unsafe start.release()
        throw SystemError("pthread_create", number: status)
    }
    return thread
}
