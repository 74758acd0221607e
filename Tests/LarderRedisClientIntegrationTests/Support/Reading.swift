import LarderRedisClient
import Synchronization

/// Reads a subscription in the background of a test, and remembers what was heard.
final class Reading: Sendable {
    private let words = Mutex<[String]>([])
    private let failure = Mutex<(any Error)?>(nil)

    /// What was heard so far: payloads, `<interrupted>` and `<gap>`.
    var heard: [String] { self.words.withLock { $0 } }

    /// Why the reading ended, if it did.
    var error: (any Error)? { self.failure.withLock { $0 } }

    /// Reads until the sequence throws.
    func read(_ events: RedisSubscription) async {
        do {
            for try await event in events {
                let word =
                    switch event {
                    case .message(let message): message.string
                    case .interrupted: "<interrupted>"
                    case .gap: "<gap>"
                    }
                self.words.withLock { $0.append(word) }
            }
        } catch {
            self.failure.withLock { $0 = error }
        }
    }

    /// Waits until something was heard.
    func hears(_ word: String) async throws -> Bool {
        try await eventually { self.heard.contains(word) }
    }
}

/// Reads a subscription while `body` makes something to hear; then cancels the reading.
func reading(_ events: RedisSubscription, _ body: (Reading) async throws -> Void) async throws {
    let reading = Reading()
    try await withThrowingTaskGroup(of: Void.self) { group in
        defer { group.cancelAll() }
        group.addTask { await reading.read(events) }
        try await body(reading)
    }
}
