internal import CSystem

/// Who runs this command, for audit rows: `alice@host`, and behind sudo `root@host (alice)`.
enum Actor {
    static let current: String = {
        let entry = unsafe getpwuid(getuid())
        let name =
            unsafe entry.flatMap { unsafe $0.pointee.pw_name }.map { unsafe String(cString: $0) }
            ?? "uid \(getuid())"
        var host = [CChar](repeating: 0, count: 256)
        _ = unsafe gethostname(&host, host.count - 1)
        let hostName = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let behind = unsafe getenv("SUDO_USER").map { unsafe " (\(String(cString: $0)))" } ?? ""
        return "\(name)@\(hostName)\(behind)"
    }()
}
