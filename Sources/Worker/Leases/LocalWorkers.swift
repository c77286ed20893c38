internal import CSystem
import Shared

/// Tells which workers of this machine are dead for certain, so that nobody waits for their leases: a process that the
/// kernel does not know any more holds nothing. About other machines it knows nothing; their leases run out.
///
/// A lease that is cut wrongly would cost time, not truth: its owner's settles are refused, and the inbox knows what it
/// applied (docs/architecture.md). Even so a worker that was heard of just now is never taken for dead.
struct LocalWorkers: Sendable {
    /// Names the machine and the process numbers' name space; nil where that cannot be told.
    let place: String?
    private let processID: Int32

    /// A living worker is heard of five times in this time.
    static let silence: Duration = .seconds(1)

    init() {
        processID = getpid()
        place = LocalWorkers.place()
    }

    /// For a place of one's own.
    init(place: String?, processID: Int32) {
        self.place = place
        self.processID = processID
    }

    /// - Parameter sign: of a worker other than this one.
    func isDead(_ sign: WorkerSign, reader: JSONReader) -> Bool {
        guard let place, sign.age > LocalWorkers.silence, let process = LocalWorkers.process(sign.worker)
        else { return false }
        // One that told no place, as one of another build may, is let be.
        guard WorkerInfo(sign.info, reader: reader)?.place == Array(place.utf8) else { return false }
        return process == processID || LocalWorkers.isGone(process)
    }

    /// The process number in `host:pid:nonce`.
    private static func process(_ worker: WorkerID) -> Int32? {
        let parts = worker.description.split(separator: ":")
        guard parts.count >= 3, let number = Int32(parts[parts.count - 2]), number > 0 else { return nil }
        return number
    }

    /// True for a process that ended, also where its parent has not asked how yet.
    private static func isGone(_ process: Int32) -> Bool {
        if kill(process, 0) != 0 { return tl_errno() == ESRCH }
        guard let text = TextFile.read("/proc/\(process)/stat"),
            let end = text.lastIndex(of: UInt8(ascii: ")")), end + 2 < text.count
        else { return false }
        return text[end + 2] == UInt8(ascii: "Z") || text[end + 2] == UInt8(ascii: "X")
    }

    private static func place() -> String? {
        var link = [CChar](repeating: 0, count: 64)
        // A container's numbers are not the host's.
        guard unsafe readlink("/proc/self/ns/pid", &link, link.count - 1) > 0 else { return nil }
        let names = ["/etc/machine-id", "/proc/sys/kernel/random/boot_id"].compactMap {
            TextFile.read($0).flatMap { $0.isEmpty ? nil : $0 }
        }
        guard !names.isEmpty else { return nil }
        var host = [CChar](repeating: 0, count: 256)
        guard unsafe gethostname(&host, 255) == 0 else { return nil }
        let bytes = (link + host).map { UInt8(bitPattern: $0) } + names.joined()
        return SHA256.hash(bytes).bytes.prefix(8).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
