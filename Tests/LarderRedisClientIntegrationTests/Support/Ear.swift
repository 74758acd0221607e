import LarderRedisClient
import NIOCore
import Synchronization

/// A listener that remembers what it heard.
final class Ear: Sendable {
    private let events = Mutex<[String]>([])

    /// For `listen(to:)`.
    func hear(_ event: SubscriptionEvent) {
        let word =
            switch event {
            case .message(let payload): String(buffer: payload)
            case .interrupted: "<interrupted>"
            case .resumed: "<resumed>"
            case .ended(let error): "<ended: \(error.code)>"
            }
        self.events.withLock { $0.append(word) }
    }

    /// Everything so far, in order.
    var heard: [String] { self.events.withLock { $0 } }

    /// Waits until something was heard.
    func hears(_ word: String) async throws -> Bool {
        try await eventually { self.heard.contains(word) }
    }
}
