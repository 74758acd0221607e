import HeapModule

/// Who is to be woken when, and how long one task can sleep for all of them.
///
/// A plain value. Members change their minds and leave without telling the heap: an entry that its member does not want any
/// more is skipped when its moment comes, and dropped where such entries are many.
struct LeaseTimetable<Member: Sendable>: Sendable {
    private struct Entry: Comparable, Sendable {
        let moment: CacheInstant
        let number: UInt64
        let member: Member

        static func < (left: Self, right: Self) -> Bool { (left.moment, left.number) < (right.moment, right.number) }

        static func == (left: Self, right: Self) -> Bool { left.number == right.number }
    }

    private enum Sleeper {
        case none
        case asleep(until: CacheInstant)
        /// Wakes others, and asks then how long to sleep.
        case awake
    }

    private var entries = Heap<Entry>()
    private var nextNumber: UInt64 = 0
    private var sleeper = Sleeper.none
    private(set) var memberCount = 0

    /// How many entries there are, those included that nobody wants.
    var entryCount: Int { self.entries.count }

    /// Whether somebody sleeps, or wakes others.
    var isServed: Bool {
        if case .none = self.sleeper { false } else { true }
    }

    /// Entries that nobody wants which there may be, beside one for each member.
    private static var mostIdleEntries: Int { 64 }

    /// Somebody comes.
    mutating func enter() { self.memberCount += 1 }

    /// Somebody leaves.
    mutating func leave() { self.memberCount -= 1 }

    /// Enters a moment at which a member is to be woken.
    ///
    /// - Parameters:
    ///   - member: The member.
    ///   - moment: The moment.
    ///   - isWanted: Whether a member wants to be woken at a moment.
    /// - Returns: Whether somebody has to begin to sleep, in place of whoever may sleep too long.
    mutating func add(
        _ member: Member,
        at moment: CacheInstant,
        isWanted: (Member, CacheInstant) -> Bool
    ) -> Bool {
        self.nextNumber += 1
        self.entries.insert(Entry(moment: moment, number: self.nextNumber, member: member))
        if self.entries.count > 2 * self.memberCount + Self.mostIdleEntries {
            self.entries = Heap(self.entries.unordered.filter { isWanted($0.member, $0.moment) })
        }
        switch self.sleeper {
        case .none: break
        case .asleep(let end) where moment < end: break
        case .asleep, .awake: return false
        }
        self.sleeper = .awake
        return true
    }

    /// Until when to sleep.
    ///
    /// - Returns: The moment; `nil` where nobody is there to be woken: sleeping ends.
    mutating func sleep() -> CacheInstant? {
        guard self.memberCount > 0, let next = self.entries.min else {
            self.sleeper = .none
            self.entries = []
            return nil
        }
        self.sleeper = .asleep(until: next.moment)
        return next.moment
    }

    /// Takes the entries whose moment has come.
    mutating func wake(at now: CacheInstant) -> [(member: Member, moment: CacheInstant)] {
        self.sleeper = .awake
        var due: [(Member, CacheInstant)] = []
        while let next = self.entries.min, next.moment <= now {
            self.entries.removeMin()
            due.append((next.member, next.moment))
        }
        return due
    }
}
