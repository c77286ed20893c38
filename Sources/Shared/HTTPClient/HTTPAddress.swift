internal import CCurl

/// An address that secrets or keys may be fetched from: https, or http on this machine.
package struct HTTPAddress: Hashable, Sendable {
    package let text: String
    /// Plain http, which is never sent through a proxy.
    let isPlain: Bool

    /// Nil for anything else, and for addresses with a user in them (`http://127.0.0.1@elsewhere/`). The address is
    /// taken apart by libcurl, which is also what will follow it: two readers could disagree.
    package init?(_ text: String) {
        guard let parts = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(parts) }
        guard unsafe curl_url_set(parts, CURLUPART_URL, text, 0) == CURLUE_OK,
            unsafe Self.part(CURLUPART_USER, of: parts) == nil,
            unsafe Self.part(CURLUPART_PASSWORD, of: parts) == nil,
            let scheme = unsafe Self.part(CURLUPART_SCHEME, of: parts),
            let host = unsafe Self.part(CURLUPART_HOST, of: parts)
        else { return nil }
        isPlain = scheme == "http"
        guard scheme == "https" || isPlain && Self.isLoopback(host) else { return nil }
        self.text = text
    }

    private static func part(_ part: CURLUPart, of parts: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard unsafe curl_url_get(parts, part, &text, 0) == CURLUE_OK, let found = unsafe text else {
            return nil
        }
        defer { unsafe curl_free(found) }
        return unsafe String(cString: found)
    }

    private static func isLoopback(_ host: String) -> Bool {
        if host == "localhost" || host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127"
            && numbers.allSatisfy { $0.utf8.allSatisfy { (0x30...0x39).contains($0) } && (UInt8($0) != nil) }
    }
}
