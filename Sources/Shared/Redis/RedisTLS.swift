internal import COpenSSL

/// TLS for one connection, as a machine between buffers: it makes no system call and never waits.
///
/// What the server sent goes in by `receive`, what must be sent comes out of `takeOutgoing`; so the same code serves
/// blocking and event-loop transports, and OpenSSL never writes to a socket itself (its `write` would raise SIGPIPE).
/// The server's certificate is checked against the system's authorities (or `SSL_CERT_FILE`) and the host's name.
@safe final class RedisTLS {
    private let context: OpaquePointer
    private let session: OpaquePointer
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private(set) var isReady = false

    /// Nil where the address asks for none.
    convenience init?(for address: RedisURL.Address) throws(RedisError) {
        guard case .tls(let host, _) = address else { return nil }
        try self.init(host: host)
    }

    init(host: String) throws(RedisError) {
        guard let context = unsafe SSL_CTX_new(TLS_client_method()) else { throw Self.failure() }
        guard let session = unsafe SSL_new(context) else {
            unsafe SSL_CTX_free(context)
            throw Self.failure()
        }
        guard let incoming = unsafe BIO_new(BIO_s_mem()), let outgoing = unsafe BIO_new(BIO_s_mem()) else {
            unsafe SSL_free(session)
            unsafe SSL_CTX_free(context)
            throw Self.failure()
        }
        unsafe self.context = context
        unsafe self.session = session
        unsafe self.incoming = incoming
        unsafe self.outgoing = outgoing
        // From here the session owns both buffers, and deinit runs if anything below throws.
        unsafe SSL_set_bio(session, incoming, outgoing)
        unsafe SSL_set_verify(session, SSL_VERIFY_PEER, nil)
        unsafe SSL_set_connect_state(session)
        let isTrusted = unsafe SSL_CTX_set_default_verify_paths(context) == 1
        let hasVersion =
            unsafe SSL_ctrl(session, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil) == 1
        guard isTrusted, hasVersion, unsafe Self.expect(host, session) else { throw Self.failure() }
    }

    deinit {
        unsafe SSL_free(session)
        unsafe SSL_CTX_free(context)
    }

    /// Takes the handshake as far as it goes without more bytes; true when it is done.
    func handshake() throws(RedisError) -> Bool {
        guard !isReady else { return true }
        forgetErrors()
        let status = unsafe SSL_do_handshake(session)
        if status == 1 {
            isReady = true
            return true
        }
        guard unsafe SSL_get_error(session, status) == SSL_ERROR_WANT_READ else { throw failure() }
        return false
    }

    /// Adds bytes as they came from the socket.
    func receive(_ bytes: Span<UInt8>) {
        // A memory buffer takes everything or the process is out of memory.
        let taken = unsafe bytes.withUnsafeBytes {
            unsafe BIO_write(incoming, $0.baseAddress, Int32($0.count))
        }
        precondition(Int(taken) == bytes.count, "out of memory for TLS")
    }

    /// Decrypts what has come into `buffer`: how many bytes, 0 when more must come first.
    func open(into buffer: inout [UInt8]) throws(RedisError) -> Int {
        forgetErrors()
        let count = unsafe buffer.withUnsafeMutableBytes {
            unsafe SSL_read(session, $0.baseAddress, Int32(clamping: $0.count))
        }
        if count > 0 { return Int(count) }
        switch unsafe SSL_get_error(session, count) {
        case SSL_ERROR_WANT_READ: return 0
        default: throw .disconnected(sent: true)
        }
    }

    /// Encrypts `bytes`; they wait in the outgoing buffer. Only after the handshake.
    func seal(_ bytes: Span<UInt8>) throws(RedisError) {
        guard !bytes.isEmpty else { return }
        forgetErrors()
        let written = unsafe bytes.withUnsafeBytes {
            unsafe SSL_write(session, $0.baseAddress, Int32(clamping: $0.count))
        }
        guard Int(written) == bytes.count else { throw .disconnected(sent: true) }
    }

    /// Moves what is to be sent to the end of `buffer`.
    func takeOutgoing(into buffer: inout [UInt8]) {
        let waiting = unsafe BIO_ctrl_pending(outgoing)
        guard waiting > 0 else { return }
        let start = buffer.count
        buffer += [UInt8](repeating: 0, count: waiting)
        unsafe buffer.withUnsafeMutableBytes { bytes in
            _ = unsafe BIO_read(outgoing, bytes.baseAddress?.advanced(by: start), Int32(waiting))
        }
    }

    /// OpenSSL keeps errors for each thread, and `SSL_get_error` goes by them: what libpq's sessions on this loop left
    /// there would be taken for a fault of this connection.
    private func forgetErrors() { ERR_clear_error() }

    /// Names the host for SNI and for the certificate; an address is matched against the certificate's addresses.
    private static func expect(_ host: String, _ session: OpaquePointer) -> Bool {
        guard let parameters = unsafe SSL_get0_param(session) else { return false }
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1 { return true }
        guard unsafe SSL_set1_host(session, host) == 1 else { return false }
        var name = host.utf8CString
        let status = unsafe name.withUnsafeMutableBytes { bytes in
            unsafe SSL_ctrl(
                session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name), bytes.baseAddress)
        }
        return status == 1
    }

    private func failure() -> RedisError {
        let result = unsafe SSL_get_verify_result(session)
        guard result != X509_V_OK, let text = unsafe X509_verify_cert_error_string(result) else {
            return Self.failure()
        }
        return .unreachable("certificate refused: \(unsafe String(cString: text))")
    }

    private static func failure() -> RedisError {
        let code = ERR_get_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else {
            return .unreachable("TLS failed")
        }
        return .unreachable("TLS failed: \(unsafe String(cString: text))")
    }
}
