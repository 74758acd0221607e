import DequeModule

/// Who waits for elements of one queue in this process: first come, first served.
///
/// A plain value. Somebody else fetches the elements, on behalf of all who wait; this says for how many, whose they are, and
/// what to do with those that nobody waits for any more.
struct WaitingLine<Waiter: Sendable>: Sendable {
    private var waiters: [UInt64: Waiter] = [:]
    /// In the order of their coming; some of those that have left, too.
    private var order: Deque<UInt64> = []
    private var isServed = false

    /// How many wait.
    var count: Int { self.waiters.count }

    /// How many places the line takes, those included of some who have left.
    var places: Int { self.order.count }

    /// Adds somebody to the end.
    ///
    /// - Parameters:
    ///   - waiter: Who waits.
    ///   - ticket: What they are known by.
    /// - Returns: Whether somebody has to begin to fetch elements.
    mutating func enter(_ waiter: Waiter, _ ticket: UInt64) -> Bool {
        self.waiters[ticket] = waiter
        self.order.append(ticket)
        defer { self.isServed = true }
        return !self.isServed
    }

    /// Takes somebody out who does not wait any more.
    ///
    /// - Parameter ticket: What they are known by.
    /// - Returns: Who it was; `nil` where they have got an element, or have left, already.
    mutating func leave(_ ticket: UInt64) -> Waiter? {
        guard let waiter = self.waiters.removeValue(forKey: ticket) else { return nil }
        // Those that have left must not pile up behind one who waits long.
        if self.order.count > 2 * self.waiters.count + 16 {
            self.order.removeAll { self.waiters[$0] == nil }
        }
        return waiter
    }

    /// For how many to fetch elements.
    ///
    /// - Returns: The number; 0 where nobody waits, and whoever fetches has to stop.
    mutating func demand() -> Int {
        if self.waiters.isEmpty {
            self.isServed = false
            self.order = []
        }
        return self.waiters.count
    }

    /// Hands elements to those who have waited longest.
    ///
    /// - Parameter items: The elements, the oldest first.
    /// - Returns: Who gets which, and the elements for which nobody is left.
    mutating func deliver<Item>(_ items: [Item]) -> (served: [(Waiter, Item)], rest: [Item]) {
        var served: [(Waiter, Item)] = []
        var index = items.startIndex
        while index < items.endIndex, let ticket = self.order.popFirst() {
            guard let waiter = self.waiters.removeValue(forKey: ticket) else { continue }
            served.append((waiter, items[index]))
            index += 1
        }
        return (served, Array(items[index...]))
    }

    /// Sends everybody away, and stops: elements cannot be fetched.
    ///
    /// - Returns: Who waited.
    mutating func close() -> [Waiter] {
        defer { self = WaitingLine() }
        return self.order.compactMap { self.waiters[$0] }
    }
}
