import CSystem
import Foundation
import Synchronization

/// A directory for each test process under /tmp, with the servers' data, sockets and logs; removed at exit.
///
/// What a crashed test process left is swept by the next one: its directory names the process, and only processes
/// whose command line names that directory are ended.
package enum TemporaryDirectory {
    private static let prefix = "/tmp/tasklane-tests-"
    private static let counter = Atomic<Int>(0)
    private static let children = Mutex<Set<Int32>>([])

    /// This process's directory; every user may enter, because PostgreSQL runs as another user under root.
    package static let root: String = {
        sweep()
        let path = prefix + "\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { TemporaryDirectory.removeAll() }
        return path
    }()

    /// A new directory below the root. Short, since a Unix socket's path holds 107 bytes.
    package static func make(_ name: String) -> String {
        let number = counter.wrappingAdd(1, ordering: .relaxed).newValue
        let path = "\(root)/\(name)\(number)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    static func adopt(_ process: Int32) { _ = children.withLock { $0.insert(process) } }
    static func release(_ process: Int32) { _ = children.withLock { $0.remove(process) } }

    private static func removeAll() {
        let left = children.withLock { $0 }
        for process in left { kill(process, SIGKILL) }
        for process in left { _ = waitpid(process, nil, 0) }
        try? FileManager.default.removeItem(atPath: root)
    }

    private static func sweep() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        for name in names where ("/tmp/" + name).hasPrefix(prefix) {
            let path = "/tmp/" + name
            guard let owner = Int32(path.dropFirst(prefix.count)), kill(owner, 0) != 0 else { continue }
            for process in processes(naming: path + "/") { kill(process, SIGKILL) }
            try? FileManager.default.removeItem(atPath: path)
        }
    }

    private static func processes(naming path: String) -> [Int32] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.compactMap { Int32($0) }.filter { process in
            guard let line = FileManager.default.contents(atPath: "/proc/\(process)/cmdline") else {
                return false
            }
            return String(decoding: line, as: UTF8.self).contains(path)
        }
    }
}
