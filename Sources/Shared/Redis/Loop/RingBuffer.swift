/// A queue that neither moves its elements nor allocates once it has grown.
struct RingBuffer<Element> {
    private var slots: [Element?] = Array(repeating: nil, count: 64)
    private var head = 0
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    var first: Element? { count == 0 ? nil : slots[head] }

    /// Looks at the oldest element where it stands; nil without one.
    func withFirst<Value>(_ look: (borrowing Element) -> Value) -> Value? {
        guard count > 0, let element = slots[head] else { return nil }
        return look(element)
    }

    /// Changes the oldest element where it stands; there must be one.
    mutating func changeFirst(_ change: (inout Element) -> Void) {
        guard var element = slots[head].take() else { preconditionFailure("nothing waits") }
        change(&element)
        slots[head] = element
    }

    mutating func append(_ element: Element) {
        if count == slots.count { grow() }
        slots[(head + count) & (slots.count - 1)] = element
        count += 1
    }

    mutating func popFirst() -> Element? {
        guard count > 0 else { return nil }
        let element = slots[head].take()
        head = (head + 1) & (slots.count - 1)
        count -= 1
        return element
    }

    /// Empties it and gives what it held, oldest first.
    mutating func removeAll() -> [Element] {
        var all: [Element] = []
        while let element = popFirst() { all.append(element) }
        return all
    }

    private mutating func grow() {
        var larger: [Element?] = []
        larger.reserveCapacity(slots.count * 2)
        for place in 0..<count { larger.append(slots[(head + place) & (slots.count - 1)]) }
        larger.append(contentsOf: repeatElement(nil, count: slots.count * 2 - count))
        slots = larger
        head = 0
    }
}
