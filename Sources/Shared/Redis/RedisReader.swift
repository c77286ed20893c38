internal import CHiredis
internal import Glibc

/// Cuts a stream of RESP bytes into replies with hiredis' reader; its object functions build our flat replies.
///
/// Feed bytes as they come, in pieces of any size; ask for replies until there is none. Not shared between threads.
@safe final class RedisReader {
    private let reader: UnsafeMutablePointer<redisReader>
    private let functions: UnsafeMutablePointer<redisReplyObjectFunctions>
    private var nodes: [RedisReply.Node] = []
    private var storage: [UInt8] = []
    /// What was fed and hiredis has not seen yet, from `unseenStart` on.
    private var unseen: [UInt8] = []
    private var unseenStart = 0
    /// hiredis moves all that is left in its buffer for each KiB that it has read: with 64 KiB of small replies in it, that
    /// was a quarter of a worker's time under full load. So it gets them in pieces.
    private static let pieceCount = 4096
    /// The reply that hiredis has just made is one of the two words that most replies to a pipeline are.
    private var word: Word?

    /// A reply that is told without making anything.
    enum Word {
        case ok, queued

        var reply: RedisReply { self == .ok ? .ok : .queued }
    }

    /// What stands next in the stream.
    enum Item {
        case word(Word)
        case reply(RedisReply)
    }

    init() {
        unsafe functions = .allocate(capacity: 1)
        unsafe functions.initialize(to: Self.objectFunctions)
        guard let reader = unsafe redisReaderCreateWithFunctions(functions) else {
            preconditionFailure("out of memory for a Redis reader")
        }
        unsafe self.reader = reader
        // The reader lives no longer than self, and calls back only from within next().
        unsafe reader.pointee.privdata = Unmanaged.passUnretained(self).toOpaque()
    }

    deinit {
        unsafe redisReaderFree(reader)
        unsafe functions.deallocate()
    }

    /// Adds bytes that the server sent.
    func feed(_ bytes: Span<UInt8>) throws(RedisError) {
        guard unseenStart == unseen.count else { return unseen.append(bytes) }
        unseen.removeAll(keepingCapacity: unseen.capacity <= 1 << 20)
        unseenStart = 0
        let count = min(RedisReader.pieceCount, bytes.count)
        try give(bytes.extracting(..<count))
        unseen.append(bytes.extracting(count...))
    }

    /// Gives hiredis the next piece; false where there is none.
    private func giveNext() throws(RedisError) -> Bool {
        guard unseenStart < unseen.count else { return false }
        let end = min(unseenStart + RedisReader.pieceCount, unseen.count)
        defer { unseenStart = end }
        let bytes = unseen
        try give(bytes.span.extracting(unseenStart..<end))
        return true
    }

    private func give(_ bytes: Span<UInt8>) throws(RedisError) {
        let status = unsafe bytes.withUnsafeBytes { raw in
            unsafe redisReaderFeed(reader, raw.baseAddress?.assumingMemoryBound(to: CChar.self), raw.count)
        }
        guard status == REDIS_OK else { throw .malformed }
    }

    /// The next whole reply, or nil when more bytes are needed.
    func next() throws(RedisError) -> RedisReply? {
        switch try nextItem() {
        case .reply(let reply)?: reply
        case .word(let word)?: word.reply
        case nil: nil
        }
    }

    /// The same, with the commonest replies as a word.
    func nextItem() throws(RedisError) -> Item? {
        var object: UnsafeMutableRawPointer?
        while unsafe object == nil {
            if takeQueued() { return .word(.queued) }
            guard unsafe redisReaderGetReply(reader, &object) == REDIS_OK else { throw .malformed }
            if unsafe object == nil, try !giveNext() { return nil }
        }
        if let word {
            self.word = nil
            return .word(word)
        }
        defer {
            nodes.removeAll(keepingCapacity: nodes.count <= 16)
            storage = []
        }
        return .reply(RedisReply(nodes: nodes, storage: storage))
    }

    /// Takes the word that a transaction answers to each of its commands, where it stands next: a third of what hiredis
    /// would do for a push was for these.
    private func takeQueued() -> Bool {
        let word: StaticString = "+QUEUED\r\n"
        let count = word.utf8CodeUnitCount
        let (place, end) = unsafe (reader.pointee.pos, reader.pointee.len)
        // Between two replies only: while one is half read, `ridx` is its depth.
        guard unsafe reader.pointee.ridx == -1, unsafe reader.pointee.err == 0, place + count <= end,
            let bytes = unsafe reader.pointee.buf, unsafe memcmp(bytes + place, word.utf8Start, count) == 0
        else { return false }
        unsafe reader.pointee.pos = place + count
        return true
    }

    /// Appends one value and gives hiredis something that is not NULL to stand for it.
    private func add(_ kind: RedisReply.Kind, offset: Int = 0, length: Int = 0) -> UnsafeMutableRawPointer? {
        nodes.append(RedisReply.Node(kind: kind, offset: offset, length: length))
        return unsafe UnsafeMutableRawPointer(bitPattern: nodes.count)
    }

    /// The same for a string, a status or an error.
    private func add(text: UnsafePointer<CChar>?, length: Int, type: Int32) -> UnsafeMutableRawPointer? {
        let offset = storage.count
        if let text = unsafe text {
            unsafe storage.append(contentsOf: UnsafeRawBufferPointer(start: text, count: length))
        }
        let kind: RedisReply.Kind =
            switch type {
            case REDIS_REPLY_ERROR: .error
            case REDIS_REPLY_STATUS: .status
            default: .string
            }
        return unsafe add(kind, offset: offset, length: length)
    }

    /// True for `+OK` and `+QUEUED` at the top level, which `word` stands for then.
    private func isWord(_ task: redisReadTask, _ text: UnsafePointer<CChar>?, _ length: Int) -> Bool {
        guard unsafe task.type == REDIS_REPLY_STATUS, nodes.isEmpty, length == 2 || length == 6,
            let text = unsafe text
        else { return false }
        let known: Word = length == 2 ? .ok : .queued
        let expected: StaticString = length == 2 ? "OK" : "QUEUED"
        guard unsafe memcmp(text, expected.utf8Start, length) == 0 else { return false }
        word = known
        return true
    }

    private static func withOwner(
        _ task: UnsafePointer<redisReadTask>, _ body: (RedisReader) -> UnsafeMutableRawPointer?
    ) -> UnsafeMutableRawPointer? {
        // Set in init, and alive: the callbacks run inside its own next(). So its references need not be counted.
        unsafe Unmanaged<RedisReader>.fromOpaque(task.pointee.privdata)._withUnsafeGuaranteedRef(body)
    }

    private static var objectFunctions: redisReplyObjectFunctions {
        var functions = redisReplyObjectFunctions()
        unsafe functions.createString = { task, text, length in
            guard let task = unsafe task else { return nil }
            return unsafe RedisReader.withOwner(task) { owner in
                if unsafe owner.isWord(task.pointee, text, length) {
                    return unsafe UnsafeMutableRawPointer(bitPattern: 1)
                }
                return unsafe owner.add(text: text, length: length, type: task.pointee.type)
            }
        }
        unsafe functions.createArray = { task, count in
            guard let task = unsafe task else { return nil }
            return unsafe RedisReader.withOwner(task) { unsafe $0.add(.array(count: Int(count))) }
        }
        unsafe functions.createInteger = { task, value in
            guard let task = unsafe task else { return nil }
            return unsafe RedisReader.withOwner(task) { unsafe $0.add(.integer(Int64(value))) }
        }
        unsafe functions.createNil = { task in
            guard let task = unsafe task else { return nil }
            return unsafe RedisReader.withOwner(task) { unsafe $0.add(.null) }
        }
        // Values live in the arrays; hiredis frees a half-built reply only when it is itself freed.
        unsafe functions.freeObject = { _ in }
        return functions
    }
}
