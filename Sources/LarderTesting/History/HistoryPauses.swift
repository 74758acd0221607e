import Larder
import Synchronization

/// How time passes in a history.
struct HistoryTime: Sendable {
    let clock: CacheClock
    /// Lets other tasks go on before the caller does.
    let turn: @Sendable () async -> Void
}

/// The pauses of one call: at every place where it is suspended, and in the fill that it begins.
///
/// Each call draws its own from the seed, so they are the same on a store whose answers do not come in the same order.
final class HistoryPauses: Sendable {
    /// The pauses of the call that the current task belongs to; its fill inherits them.
    @TaskLocal static var current: HistoryPauses?

    private let time: HistoryTime
    private let longest: Duration
    private let random: Mutex<SeededGenerator>

    init(seed: UInt64, longest: Duration, _ time: HistoryTime) {
        self.time = time
        self.longest = longest
        self.random = Mutex(SeededGenerator(seed: seed))
    }

    /// Nothing, or a turn for others, or a time.
    func pause() async {
        enum Kind {
            case none, turn, sleep(Duration)
        }
        let longest = self.longest.wholeNanoseconds / 1_000
        let kind = self.random.withLock { random -> Kind in
            switch Int.random(in: 0..<100, using: &random) {
            case 0..<45: .none
            case 45..<80: .turn
            default: .sleep(.microseconds(Int64.random(in: 0...longest, using: &random)))
            }
        }
        switch kind {
        case .none: break
        case .turn: await self.time.turn()
        case .sleep(let duration): await self.sleep(duration)
        }
    }

    func sleep(_ duration: Duration) async {
        // Whoever is cancelled has paused long enough.
        try? await self.time.clock.sleep(until: self.time.clock.now.advanced(by: duration))
    }
}
