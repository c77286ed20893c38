/// Lane entries in order, held flat: a prefix of 500 costs two allocations instead of 501.
package struct EntryList: Equatable, Sendable {
    private var storage: [UInt8] = []
    private var ends: [Int] = []

    package init() {}

    package init(_ entries: [[UInt8]]) {
        for entry in entries { append(entry) }
    }

    package var count: Int { ends.count }

    package var isEmpty: Bool { ends.isEmpty }

    /// Bytes of all entries together.
    package var byteCount: Int { storage.count }

    package mutating func append(_ entry: [UInt8]) {
        storage.append(contentsOf: entry)
        ends.append(storage.count)
    }

    package mutating func append(_ entry: Span<UInt8>) {
        unsafe entry.withUnsafeBufferPointer { unsafe storage.append(contentsOf: $0) }
        ends.append(storage.count)
    }

    /// A copy of one entry's bytes.
    package subscript(index: Int) -> [UInt8] { [UInt8](storage[range(index)]) }

    /// Lends one entry's bytes.
    package func withEntry<Value, Failure: Error>(
        _ index: Int, _ body: (Span<UInt8>) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(storage.span.extracting(range(index)))
    }

    /// The first `count` entries.
    package func prefix(_ count: Int) -> EntryList {
        var list = EntryList()
        list.ends = Array(ends.prefix(count))
        list.storage = Array(storage.prefix(list.ends.last ?? 0))
        return list
    }

    private func range(_ index: Int) -> Range<Int> { (index == 0 ? 0 : ends[index - 1])..<ends[index] }
}
