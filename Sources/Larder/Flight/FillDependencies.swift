import Synchronization

/// What a fill has found out about its value's tags while it runs.
final class FillDependencies: Sendable {
    private struct State {
        var marks: Set<TagMark> = []
        var late: [String] = []
        var isComplete = true
    }

    private let state = Mutex(State())

    /// What the value depends on; tags in the order of their names.
    struct Summary {
        var marks: [TagMark]
        var late: [String]
        /// Whether all tags could be taken; a value with a tag that could not is not stored.
        var isComplete: Bool
    }

    /// The value depends on tags as somebody has found them.
    func add(_ marks: [TagMark]) {
        self.state.withLock { $0.marks.formUnion(marks) }
    }

    /// The value has tags that became known with it.
    func addLate(_ tags: [String]) {
        self.state.withLock { $0.late += tags }
    }

    /// A tag could not be taken.
    func lose() {
        self.state.withLock { $0.isComplete = false }
    }

    var summary: Summary {
        self.state.withLock { state in
            Summary(
                marks: state.marks.sorted { ($0.name, $0.generation) < ($1.name, $1.generation) },
                late: TagRules.ascending(state.late),
                isComplete: state.isComplete
            )
        }
    }
}
