import Synchronization

/// The time by which entries on one server end, in milliseconds since 1970.
///
/// memcached counts whole seconds and tells no others, so this is the machine's own clock for as long as that agrees with what
/// the server says, as clocks do that are kept right over a network; then all processes agree to a few milliseconds. A clock that
/// does not agree is set right by what the server says, to within the server's resolution: whatever a process takes for the time
/// of day, an entry lives for it as long as for all others, and two or three seconds more or less.
///
/// What the server says of its time can be up to a second ahead of it, since it begins to count at a whole second of two clocks; and
/// it can be two behind, since it looks at its clock once a second and drops the fraction.
final class ServerClock: Sendable {
    private static let mostAhead: Int64 = 1_000
    private static let mostBehind: Int64 = 2_000

    private let wall: WallClock
    /// What is added to the machine's clock.
    private let offset = Atomic<Int64>(0)

    init(_ wall: WallClock) {
        self.wall = wall
    }

    /// The time by which entries end.
    var now: Int64 { self.wall.now &+ self.offset.load(ordering: .relaxed) }

    /// The machine's time, for ``observe(second:asked:answered:)``.
    var machineTime: Int64 { self.wall.now }

    /// Takes what the server said of its time.
    ///
    /// - Parameters:
    ///   - second: The server's time in whole seconds since 1970.
    ///   - asked: The machine's time when the server was asked.
    ///   - answered: The machine's time when it had answered.
    func observe(second: Int64, asked: Int64, answered: Int64) {
        let offset = self.offset.load(ordering: .relaxed)
        let corrected = Self.correct(offset, second: second, asked: asked, answered: answered)
        // Of several that correct it at the same time any is as good.
        if corrected != offset { self.offset.store(corrected, ordering: .relaxed) }
    }

    /// The offset after the server has said its time: the one there was where that can be, else none, else the smallest change.
    static func correct(_ offset: Int64, second: Int64, asked: Int64, answered: Int64) -> Int64 {
        let earliest = second &* 1_000 &- Self.mostAhead
        let latest = second &* 1_000 &+ Self.mostBehind
        for candidate in [offset, 0] where answered &+ candidate >= earliest && asked &+ candidate <= latest {
            return candidate
        }
        return answered &+ offset < earliest ? earliest &- answered : latest &- asked
    }
}
