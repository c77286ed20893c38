internal import CSystem
import Shared

extension Command {
    static let tokenInspect = Command(
        "token inspect", operands: "[TOKEN]", count: 0...1,
        summary: "explains a JWT: its header and claims, and whether the daemons would take it",
        details: """
            Reads the token from standard input if it is not given, which keeps it out of the shell's history.
            Exits 1 if the daemons would refuse it. Keys from TASKLANE_JWKS_URL are not fetched.
            """
    ) { session throws(CommandFailure) in
        let text = session.arguments.operands.first.map { Array($0.utf8) } ?? standardInput()
        let token = Array(text.filter { $0 > 0x20 })
        let configuration = try session.configuration()
        let fault = try session.fault(of: token, configuration)
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let decoded = parts.prefix(2).map { part in Base64URL.decode(Array(part)) }
        let report = TokenReport(
            header: decoded.first.flatMap(\.self), claims: decoded.dropFirst().first.flatMap(\.self),
            fault: fault)
        if session.wantsJSON { session.output.object(report.encode) } else { report.print(session.output) }
        if let fault { throw .failed("the daemons refuse this token: \(TokenReport.explanation(fault))") }
    }

    private static func standardInput() -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while bytes.count < 65536 {
            let count = unsafe read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0 && tl_errno() == EINTR { continue }
            if count <= 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}

/// What is to be said of a token.
private struct TokenReport {
    let header: [UInt8]?
    let claims: [UInt8]?
    let fault: TokenFault?

    private let reader = JSONReader()

    init(header: [UInt8]?, claims: [UInt8]?, fault: TokenFault?) {
        self.header = header
        self.claims = claims
        self.fault = fault
    }

    func encode(to json: inout JSONWriter) {
        json.member("valid", fault == nil)
        json.member("fault", fault?.reason)
        json.member("explanation", fault.map(TokenReport.explanation))
        json.key("header")
        value(header, &json)
        json.key("claims")
        value(claims, &json)
    }

    private func value(_ text: [UInt8]?, _ json: inout JSONWriter) {
        guard let text, isJSON(text) else { return json.null() }
        json.json(text)
    }

    private func isJSON(_ text: [UInt8]) -> Bool {
        do throws(JSONError) {
            _ = try reader.read(text.span) { (_) throws(Never) -> Void in }
            return true
        } catch { return false }
    }

    func print(_ output: Output) {
        func line(_ name: String, _ text: String) {
            output.line(output.styled(name + String(repeating: " ", count: 9 - name.count), .dim) + text)
        }
        line("header", shown(header))
        line("claims", shown(claims))
        for (name, time) in times() { line(name, time) }
        if fault == nil { output.line(output.styled("good: the daemons take it", .green)) }
    }

    private func shown(_ text: [UInt8]?) -> String {
        text.map { Readable.printable(String(decoding: $0, as: UTF8.self)) } ?? "not readable"
    }

    /// The times among the claims, in words.
    private func times() -> [(String, String)] {
        guard let claims else { return [] }
        let now = Lanes.now
        let read = try? reader.read(claims.span) { (document) throws(Never) in
            (["iat", "nbf", "exp"] as [StaticString]).compactMap { name -> (String, String)? in
                guard let seconds = document.integer(name, of: document.root), seconds < 253_402_300_800,
                    seconds > -62_135_596_800
                else { return nil }
                let away = Double(seconds) - Double(now.micros) / 1e6
                let words =
                    away < 0 ? "\(Readable.age(seconds: -away)) ago" : "in \(Readable.age(seconds: away))"
                return ("\(name)", "\(Timestamp(micros: seconds * 1_000_000)), \(words)")
            }
        }.get()
        // `try?`: claims that are no JSON have no times, and the fault says so.
        return read ?? []
    }

    static func explanation(_ fault: TokenFault) -> String {
        switch fault {
        case .missing, .scheme, .malformed: "it is not three base64url parts with dots between"
        case .header: "its header is no JSON object of the known shape"
        case .forbiddenHeader:
            "its header has a member that must not be there (crit, b64, zip, enc, jwk, jku, x5u, x5c)"
        case .algorithm: "its algorithm is not one that a secret or key is configured for"
        case .unknownKey: "no configured key has its key id (keys from a URL are not looked at here)"
        case .signature: "its signature is not by a configured secret or key: was the secret rotated?"
        case .claims: "its claims are no JSON object, or one has the wrong type"
        case .noExpiry: "it has no exp"
        case .expired: "it has expired"
        case .notYetValid: "it is not valid yet (nbf or iat): is a clock wrong?"
        case .issuer: "its iss is not TASKLANE_JWT_ISSUER"
        case .audience: "its aud has no TASKLANE_JWT_AUDIENCE"
        case .subject: "its sub is no user id"
        case .apiKey, .unavailable: "it is no JWT"
        }
    }
}

extension Session {
    /// Why the daemons would refuse the token; nil when they would take it.
    fileprivate func fault(
        of token: [UInt8], _ configuration: Configuration
    ) throws(CommandFailure) -> TokenFault? {
        let (secrets, faults) = TokenSecret.read(configuration)
        guard faults.isEmpty else { throw .failed(ConfigurationFaults(faults).description) }
        var publicKeys: [IdentifiedKey]?
        if let path = configuration.jwksFile {
            guard let text = TextFile.read(path) else {
                throw .failed("cannot read TASKLANE_JWKS_FILE \(path): check the path and its mode")
            }
            do throws(JSONWebKeysError) {
                publicKeys = try JSONWebKeys.read(text).keys
            } catch { throw .failed("TASKLANE_JWKS_FILE \(path) is no JWKS: \(error)") }
        } else if configuration.jwksURL != nil {
            publicKeys = []
        }
        let verifier = TokenVerifier(
            KeySet(
                secrets: secrets, publicKeys: publicKeys,
                policy: TokenPolicy(issuer: configuration.jwtIssuer, audience: configuration.jwtAudience)))
        do throws(TokenFault) {
            _ = try verifier.verify(token.span, now: Lanes.now)
            return nil
        } catch { return error }
    }
}
