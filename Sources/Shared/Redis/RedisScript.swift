internal import COpenSSL

/// A Lua script: called by its SHA-1, sent whole only where the server does not know it.
package struct RedisScript: Sendable {
    package let source: [UInt8]
    /// 40 hexadecimal digits, as EVALSHA takes them.
    package let digest: [UInt8]

    package init(source: [UInt8]) {
        self.source = source
        var hash: InlineArray<20, UInt8> = .init(repeating: 0)
        unsafe source.withUnsafeBufferPointer { bytes in
            var output = hash.mutableSpan
            _ = unsafe output.withUnsafeMutableBufferPointer { digest in
                unsafe EVP_Digest(bytes.baseAddress, bytes.count, digest.baseAddress, nil, EVP_sha1(), nil)
            }
        }
        var digits: [UInt8] = []
        for place in 0..<20 {
            digits.append(Hex.digit(hash[place] >> 4))
            digits.append(Hex.digit(hash[place] & 15))
        }
        digest = digits
    }
}

extension RedisConnection {
    /// Runs a script, and sends its text first if the server has forgotten it (NOSCRIPT means: nothing was run).
    package func run(
        _ script: RedisScript, keys: [RedisArgument], _ arguments: [RedisArgument] = []
    ) throws(RedisError) -> RedisReply {
        precondition(awaited == 0, "replies of earlier commands are still to be read")
        appendRun(script, keys: keys, arguments)
        try flush()
        do throws(RedisError) {
            return try readReply()
        } catch .refused(let refusal) where refusal.code == .noScript {
            try load([script])
            appendRun(script, keys: keys, arguments)
            try flush()
            return try readReply()
        }
    }

    /// Appends a call to a pipeline; the scripts must have been loaded, and NOSCRIPT is the caller's to answer.
    package func appendRun(_ script: RedisScript, keys: [RedisArgument], _ arguments: [RedisArgument] = []) {
        append(count: 3 + keys.count + arguments.count) { buffer in
            buffer.add("EVALSHA")
            buffer.add(script.digest)
            buffer.add(Int64(keys.count))
            for key in keys { buffer.add(key) }
            for argument in arguments { buffer.add(argument) }
        }
    }

    /// Gives the server the scripts' texts.
    package func load(_ scripts: [RedisScript]) throws(RedisError) {
        for script in scripts { append(["SCRIPT", "LOAD", .bytes(script.source)]) }
        try flush()
        for _ in scripts { _ = try readReply() }
    }
}
