import Larder
import Synchronization

/// What sections under a lock tell each other: their tokens, and how many of them run at the same time.
final class SectionWatch: Sendable {
    private struct State {
        var running = 0
        var most = 0
        var tokens: [FencingToken] = []
    }

    private let state = Mutex(State())

    /// A section has begun.
    func enter(_ token: FencingToken) {
        self.state.withLock { state in
            state.running += 1
            state.most = max(state.most, state.running)
            state.tokens.append(token)
        }
    }

    /// A section ends.
    func leave() { self.state.withLock { $0.running -= 1 } }

    /// How many have run at the same time.
    var most: Int { self.state.withLock(\.most) }

    /// The tokens of all sections, in the order in which those began.
    var tokens: [FencingToken] { self.state.withLock(\.tokens) }
}
