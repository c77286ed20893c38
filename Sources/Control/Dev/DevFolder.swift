internal import CSystem
internal import Glibc
import Shared

/// Where `tasklane dev` keeps its data.
enum DevFolder {
    /// Makes the folder and gives its absolute path.
    ///
    /// Root's PostgreSQL runs as the user postgres, who may not get into a folder under /root: data then lies in
    /// /var/tmp, under a name made from the path. The same goes for paths too long for a Unix socket.
    static func make(_ path: String) throws(CommandFailure) -> String {
        guard unsafe mkdir(path, 0o755) == 0 || tl_errno() == EEXIST else {
            throw .failed("cannot make \(path): choose another --directory")
        }
        guard let absolute = unsafe realpath(path, nil) else { throw .failed("cannot open \(path)") }
        defer { unsafe free(absolute) }
        let folder = unsafe String(cString: absolute)
        guard folder.utf8.count > 80 || (geteuid() == 0 && !othersMayEnter(folder)) else { return folder }
        let name = String(
            decoding: Hex.encode(SHA256.hash(Array(folder.utf8)).bytes).prefix(12), as: UTF8.self)
        let other = "/var/tmp/tasklane-dev-\(name)"
        guard unsafe mkdir(other, 0o755) == 0 || tl_errno() == EEXIST else {
            throw .failed("cannot make \(other)")
        }
        return other
    }

    /// True when every folder on the way may be entered by anybody.
    private static func othersMayEnter(_ path: String) -> Bool {
        var prefix = ""
        for part in path.split(separator: "/") {
            prefix += "/" + part
            var facts = stat()
            guard unsafe stat(prefix, &facts) == 0, facts.st_mode & 0o001 != 0 else { return false }
        }
        return true
    }

    /// The secret of this folder's tokens, made at the first use.
    static func secret(_ folder: String) throws(CommandFailure) -> String {
        let path = folder + "/secret"
        if let text = TextFile.read(path), text.count >= 32 { return String(decoding: text, as: UTF8.self) }
        let made = Base64URL.encode(SecureRandom.bytes(48))
        try write(made, to: path, mode: 0o600)
        return String(decoding: made, as: UTF8.self)
    }

    static func write(_ bytes: [UInt8], to path: String, mode: mode_t) throws(CommandFailure) {
        let descriptor = unsafe creat(path, mode)
        guard descriptor >= 0, unsafe Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            throw .failed("cannot write \(path)")
        }
        close(descriptor)
    }
}
