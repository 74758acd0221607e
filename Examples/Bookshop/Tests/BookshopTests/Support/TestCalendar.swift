import Foundation
import Synchronization

/// A wall clock that stands still until a test moves it.
final class TestCalendar: Sendable {
    private let moment: Mutex<Date>

    init(_ text: String) throws {
        self.moment = Mutex(try Date(text, strategy: .iso8601))
    }

    var now: Date { self.moment.withLock { $0 } }

    func advance(by seconds: TimeInterval) {
        self.moment.withLock { $0 += seconds }
    }
}
