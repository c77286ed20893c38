internal import CCurl

/// Why a document could not be fetched.
package enum FetchError: Error, Hashable, Sendable, CustomStringConvertible {
    /// libcurl's words: no such host, refused, certificate not trusted, too slow …
    case failed(String)
    /// Any status but 200; redirects are not followed, because they could lead anywhere.
    case status(Int)
    case tooLarge

    package var description: String {
        switch self {
        case .failed(let words): words
        case .status(let status): "the answer was \(status), not 200"
        case .tooLarge: "the answer is too large"
        }
    }
}

/// Fetches small documents with libcurl. Blocks: never on an event loop.
package enum HTTPFetch {
    package static let bytesMax = 256 * 1024

    /// The body of a 200 answer to GET, within `timeLimit` in all.
    package static func get(_ address: HTTPAddress, timeLimit: Duration = .seconds(5)) throws(FetchError)
        -> [UInt8]
    {
        // curl_global_init is not safe beside itself on another thread.
        _ = isReady
        guard let handle = unsafe curl_easy_init() else { throw .failed("out of memory") }
        defer { unsafe curl_easy_cleanup(handle) }
        let body = Body()
        unsafe configure(handle, address, timeLimit)
        let context = unsafe Unmanaged.passUnretained(body).toOpaque()
        unsafe tl_curl_set_writer(handle, receive, context)
        let code = withExtendedLifetime(body) { unsafe curl_easy_perform(handle) }
        if body.isTooLarge { throw .tooLarge }
        guard code == CURLE_OK else { throw .failed(unsafe String(cString: curl_easy_strerror(code))) }
        let status = unsafe tl_curl_status(handle)
        guard status == 200 else { throw .status(status) }
        return body.bytes
    }

    private static let isReady = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private static func configure(
        _ handle: UnsafeMutableRawPointer, _ address: HTTPAddress, _ limit: Duration
    ) {
        let milliseconds = Int(
            limit.components.seconds * 1000 + limit.components.attoseconds / 1_000_000_000_000_000)
        unsafe tl_curl_set_text(handle, CURLOPT_URL, address.text)
        unsafe tl_curl_restrict_to_http(handle)
        unsafe tl_curl_set_long(handle, CURLOPT_FOLLOWLOCATION, 0)
        unsafe tl_curl_set_long(handle, CURLOPT_TIMEOUT_MS, milliseconds)
        unsafe tl_curl_set_long(handle, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
        unsafe tl_curl_set_long(handle, CURLOPT_MAXFILESIZE, bytesMax)
        // Without it libcurl raises signals for its time limits, which are the whole process's.
        unsafe tl_curl_set_long(handle, CURLOPT_NOSIGNAL, 1)
        unsafe tl_curl_set_text(handle, CURLOPT_USERAGENT, "tasklane")
        if address.isPlain { unsafe tl_curl_set_text(handle, CURLOPT_PROXY, "") }
    }

    private final class Body {
        var bytes: [UInt8] = []
        var isTooLarge = false
    }

    /// Returning less than came ends the transfer.
    private static let receive:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int, Int, UnsafeMutableRawPointer?) -> Int = {
            (data, size, count, context) in
            guard let data = unsafe data, let context = unsafe context else { return 0 }
            let body = unsafe Unmanaged<Body>.fromOpaque(context).takeUnretainedValue()
            guard body.bytes.count + size * count <= bytesMax else {
                body.isTooLarge = true
                return 0
            }
            unsafe body.bytes.append(contentsOf: UnsafeRawBufferPointer(start: data, count: size * count))
            return size * count
        }
}
